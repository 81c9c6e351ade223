// The same for the test kit: a saga of one step, through every crash.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "skald/definition_builder.hpp"
#include "skald/testing.hpp"

int main() {
  skald::testing::Trial trial{skald::DefinitionBuilder("greeting", 1)
                                  .step("greet")
                                  .participant("greeter")
                                  .action("greet")
                                  .no_compensation()
                                  .build()};
  trial.behind_barrier().handle(
      "greeter", "greet", [](const skald::HandlerCall&) { return skald::Outcome::success(); });
  const auto report = trial.run(skald::Json::object());
  std::puts(report.text().c_str());
  return report.ok() ? 0 : 1;
}
