// Every sequential definition of a few steps.
#include <nlohmann/json.hpp>

#include "model.hpp"

namespace skald::simulation {
namespace {

Json variant(const std::string& kind, bool undoable, bool asks, const Json& on_failure,
             std::size_t number) {
  const std::string name(1, static_cast<char>('a' + number));
  Json step{{"name", name}, {"participant", "p"}, {"action", "do-" + name}, {"kind", kind}};
  step["on_failure"] = on_failure;
  if (asks) step["resolve"] = "ask-" + name;
  if (kind == "compensatable")
    step["compensation"] = undoable ? Json("undo-" + name) : Json("none");
  return step;
}

std::vector<Json> variants(const std::string& kind, std::size_t number) {
  std::vector<Json> all;
  const bool compensatable = kind == "compensatable";
  for (const bool undoable : compensatable ? std::vector{true, false} : std::vector{false}) {
    for (const bool asks : {false, true}) {
      for (const Json& on_failure :
           {Json("compensate"), Json("stuck"), Json("skip"), Json{{"fallback", 1}}}) {
        if (kind == "retriable" && on_failure == "compensate") continue;
        all.push_back(variant(kind, undoable, asks, on_failure, number));
      }
    }
  }
  return all;
}

void extend(int steps, bool forward_only, bool has_pivot, const Json& before,
            std::vector<std::string>& all) {
  if (steps == 0) {
    Json definition{{"saga", "model"}, {"version", 1}, {"steps", before}};
    definition["defaults"] = {{"retry", {{"max_attempts", 2}, {"jitter", "none"}}},
                              {"compensation_retry", {{"max_attempts", 2}, {"jitter", "none"}}}};
    all.push_back(definition.dump());
    return;
  }
  for (const char* kind : {"compensatable", "pivot", "retriable"}) {
    const std::string k = kind;
    if (forward_only && k != "retriable") continue;
    if (has_pivot && k == "pivot") continue;
    for (const Json& step : variants(k, before.size())) {
      Json longer = before;
      longer.push_back(step);
      extend(steps - 1, k != "compensatable", has_pivot || k == "pivot", longer, all);
    }
  }
}

}  // namespace

std::vector<std::string> small_definitions(int steps) {
  std::vector<std::string> all;
  extend(steps, false, false, Json::array(), all);
  return all;
}

}  // namespace skald::simulation
