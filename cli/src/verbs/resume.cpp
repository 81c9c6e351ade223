#include "verbs/resume.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "skald/error.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, ResumeOptions& options) {
  CLI::App& verb = add_verb(
      app, "resume", "A paused or stuck saga goes on, with a fresh budget of attempts",
      R"(resume 0192f3 --step charge-payment --input-patch '{"card": "c-9"}' --reason "new card")");
  verb.add_option("--step", options.step, "The step that --input-patch is for")
      ->check(valid_name())
      ->type_name("STEP");
  verb.add_option("--input-patch", options.input_patch,
                  "JSON merge patch on that step's input; @FILE or - reads it")
      ->type_name("JSON");
  add_to(verb, options.change, false);
}

int run(const ResumeOptions& options, Context& context) {
  Json fields = Json::object();
  std::optional<JsonText> patch;
  if (!options.input_patch.empty()) {
    if (options.step.empty()) {
      throw Refused(Refused::Code::invalid, "--input-patch needs --step: whose input is it?");
    }
    patch = json_argument("--input-patch", options.input_patch, context);
    fields["input_patch"] = patch->value();
  }
  if (!options.step.empty()) fields["step"] = options.step;
  const auto input = [&](StepIndex step, const Requester& requester) -> Input {
    return ResumeRequested{requester, step, patch};
  };
  return carry_out({"resume", fields, options.step, input}, options.change, context);
}

}  // namespace skald::cli
