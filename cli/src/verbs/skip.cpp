#include "verbs/skip.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "skald/error.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

SkipRequested::As verdict_of(const std::string& name) {
  if (name == "succeeded") return SkipRequested::As::succeeded;
  if (name == "rejected") return SkipRequested::As::rejected;
  if (name == "compensated") return SkipRequested::As::compensated;
  return SkipRequested::As::skipped;
}

}  // namespace

void add_to(CLI::App& app, SkipOptions& options) {
  CLI::App& verb =
      add_verb(app, "skip", "You say what happened to a step; the saga goes on, marked as forced",
               R"(skip 0192f3 --step charge-payment --as succeeded --output '{"id": "ch-7"}')");
  verb.add_option("--step", options.step, "The step")
      ->required()
      ->check(valid_name())
      ->type_name("STEP");
  verb.add_option("--as", options.as, "What happened (left out: the step is skipped)")
      ->check(CLI::IsMember({"succeeded", "rejected", "compensated"}))
      ->type_name("WHAT");
  verb.add_option("--output", options.output, "The step's output; @FILE or - reads it")
      ->type_name("JSON");
  add_to(verb, options.change, false);
}

int run(const SkipOptions& options, Context& context) {
  Json fields{{"step", options.step}};
  if (!options.as.empty()) fields["as"] = options.as;
  std::optional<JsonText> output;
  if (!options.output.empty()) {
    if (options.as != "succeeded") {
      throw Refused(Refused::Code::invalid, "--output goes with --as succeeded only");
    }
    output = json_argument("--output", options.output, context);
    fields["output"] = output->value();
  }
  const auto input = [&](StepIndex step, const Requester& requester) -> Input {
    return SkipRequested{requester, step, verdict_of(options.as), output};
  };
  return carry_out({"skip", fields, options.step, input}, options.change, context);
}

}  // namespace skald::cli
