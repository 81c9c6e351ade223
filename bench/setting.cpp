#include "setting.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "skald/definition_builder.hpp"
#include "skald/error.hpp"

namespace skald::bench {

std::string Setting::fresh_store() const {
  std::string path = directory + "/store-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw Error("cannot make a directory " + path);
  return path + "/bench.db";
}

std::vector<Sample> Setting::repeat(const std::function<Sample()>& measure) const {
  std::vector<Sample> samples;
  for (int i = 0; i < repetitions; ++i) samples.push_back(measure());
  return samples;
}

std::string type_of(int steps) { return fmt::format("steps-{}", steps); }

Definition definition_of(int steps) {
  DefinitionBuilder builder(type_of(steps), 1);
  for (int i = 1; i <= steps; ++i) {
    builder.step(fmt::format("step-{}", i))
        .participant(participant_name)
        .action("act")
        .compensation("undo");
  }
  return builder.build();
}

JsonText payload() {
  constexpr std::size_t bytes = 300;
  Json value{{"order", 4711}, {"customer", "c-7"}, {"note", ""}};
  const std::size_t frame = JsonText::of(value).text().size();
  value["note"] = std::string(bytes - frame, 'x');
  return JsonText::of(value);
}

}  // namespace skald::bench
