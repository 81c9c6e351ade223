#include "verbs/replay.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, ReplayOptions& options) {
  CLI::App& verb =
      add_verb(app, "replay",
               "Runs failed sagas again: new ones with the same input, which take the key over",
               R"(replay 0192f3 --input-patch '{"quantity": 1}')");
  verb.add_option("--from-step", options.from_step,
                  "Begin here, and take over the outputs that still stand before it")
      ->type_name("STEP");
  verb.add_option("--input-patch", options.input_patch,
                  "JSON merge patch on the input; @FILE or - reads it")
      ->type_name("JSON");
  verb.add_option("--definition", options.definition, "Version to run (the one it ran with)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  verb.add_flag("--force", options.force, "Also from stuck or completed: effects may double");
  add_to(verb, options.change);
}

int run(const ReplayOptions& options, Context& context) {
  Json fields{{"force", options.force}};
  if (!options.from_step.empty()) fields["from_step"] = options.from_step;
  if (options.definition > 0) fields["definition"] = options.definition;
  if (!options.input_patch.empty()) {
    fields["input_patch"] = json_argument("--input-patch", options.input_patch, context).value();
  }
  const auto input = [&](StepIndex, const Requester&) -> Input {
    // What the old saga has to say to it. The new one's first command is that of any start.
    return ReplayRequested{SagaId{}, options.force};
  };
  return carry_out({"replay", fields, "", input}, options.change, context);
}

}  // namespace skald::cli
