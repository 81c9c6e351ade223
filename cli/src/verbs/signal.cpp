#include "verbs/signal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "context.hpp"
#include "text_options.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, SignalOptions& options) {
  CLI::App& verb = add_verb(app, "signal", "Gives a saga the signal that a step waits for",
                            R"(signal 0192f3 approved --data '{"by": "ann"}')");
  verb.add_option("id", options.id, "The saga, or key:KEY; - reads ids on standard input")
      ->required()
      ->type_name("ID");
  verb.add_option("name", options.name, "The signal's name")
      ->required()
      ->check(valid_name())
      ->type_name("NAME");
  verb.add_option("--data", options.data, "Becomes the step's output; @FILE reads it")
      ->type_name("JSON");
  verb.add_option("--signal-id", options.signal_id,
                  "A signal that comes again under this id changes nothing")
      ->check(valid_name())
      ->type_name("ID");
  ChangeOptions& change = options.change;
  verb.add_flag("-y,--yes", change.yes, "Do not ask before signalling many");
  verb.add_flag("-n,--dry-run", change.dry_run, "Only show the commands that would be sent");
  verb.add_option("--reason", change.reason, "Why; kept in the history with your name")
      ->type_name("TEXT");
  add_to(verb, change.format, {"table", "json", "jsonl", "ids"});
}

int run(const SignalOptions& options, Context& context) {
  Json fields{{"name", options.name}};
  JsonText data;
  if (!options.data.empty()) {
    data = json_argument("--data", options.data, context);
    fields["data"] = data.value();
  }
  std::optional<std::string> signal_id;
  if (!options.signal_id.empty()) {
    signal_id = options.signal_id;
    fields["signal_id"] = options.signal_id;
  }
  const auto input = [&](StepIndex, const Requester& requester) -> Input {
    return SignalReceived{options.name, data, requester, signal_id};
  };
  ChangeOptions change = options.change;
  change.selection.ids = {options.id};
  return carry_out({"signal", fields, "", input}, change, context);
}

}  // namespace skald::cli
