#include "verbs/abandon.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, AbandonOptions& options) {
  CLI::App& verb = add_verb(
      app, "abandon", "You close sagas for good; effects may remain, and they are marked as forced",
      "abandon 0192f3 --reason \"settled by hand\"");
  add_to(verb, options.change);
}

int run(const AbandonOptions& options, Context& context) {
  const auto input = [](StepIndex, const Requester& requester) -> Input {
    return AbandonRequested{requester};
  };
  return carry_out({"abandon", Json::object(), "", input}, options.change, context);
}

}  // namespace skald::cli
