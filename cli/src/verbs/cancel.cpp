#include "verbs/cancel.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, CancelOptions& options) {
  CLI::App& verb =
      add_verb(app, "cancel", "Turns sagas back: what was done is compensated, in reverse order",
               "cancel 0192f3 --reason \"customer called\"");
  verb.alias("compensate");
  add_to(verb, options.change);
}

int run(const CancelOptions& options, Context& context) {
  const auto input = [](StepIndex, const Requester& requester) -> Input {
    return CancelRequested{requester};
  };
  return carry_out({"cancel", Json::object(), "", input}, options.change, context);
}

}  // namespace skald::cli
