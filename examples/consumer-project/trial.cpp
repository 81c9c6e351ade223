// The same for the test kit: a saga of one step, as a dialogue and through every crash.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "skald/definition_builder.hpp"
#include "skald/dialogue.hpp"
#include "skald/testing.hpp"

int main() {
  const auto greeting = skald::DefinitionBuilder("greeting", 1)
                            .step("greet")
                            .participant("greeter")
                            .action("greet")
                            .no_compensation()
                            .build();
  skald::testing::Dialogue saga{greeting};
  saga.start().expect_command("greet").reply(skald::testing::success());
  saga.expect_status(skald::Status::completed);
  skald::testing::Trial trial{greeting};
  trial.behind_barrier().handle(
      "greeter", "greet", [](const skald::HandlerCall&) { return skald::Outcome::success(); });
  const auto report = trial.run(skald::Json::object());
  std::puts(report.text().c_str());
  return report.ok() ? 0 : 1;
}
