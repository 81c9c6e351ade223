#include "verbs/retry.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, RetryOptions& options) {
  CLI::App& verb =
      add_verb(app, "retry", "The attempt that waits is made now, without its back-off",
               "retry --status running --error-code GATEWAY_DOWN --yes --rate 5/s");
  verb.add_option("--step", options.step, "The step to retry (whichever waits)")
      ->check(valid_name())
      ->type_name("STEP");
  add_to(verb, options.change, false);
}

int run(const RetryOptions& options, Context& context) {
  Json fields = Json::object();
  if (!options.step.empty()) fields["step"] = options.step;
  const auto input = [](StepIndex step, const Requester& requester) -> Input {
    return RetryRequested{requester, step};
  };
  return carry_out({"retry", fields, options.step, input}, options.change, context);
}

}  // namespace skald::cli
