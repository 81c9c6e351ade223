#include "verbs/pause.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, PauseOptions& options) {
  CLI::App& verb = add_verb(app, "pause", "Sagas issue nothing new until they are resumed",
                            "pause --type place-order --status running --yes");
  add_to(verb, options.change);
}

int run(const PauseOptions& options, Context& context) {
  const auto input = [](StepIndex, const Requester& requester) -> Input {
    return PauseRequested{requester};
  };
  return carry_out({"pause", Json::object(), "", input}, options.change, context);
}

}  // namespace skald::cli
