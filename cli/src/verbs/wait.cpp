#include "verbs/wait.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"
#include "waiting.hpp"

namespace skald::cli {

void add_to(CLI::App& app, WaitOptions& options) {
  CLI::App& verb = add_verb(app, "wait", "Blocks until a saga ends or is stuck (needs an engine)",
                            "wait 0192f3 --timeout 30s");
  add_saga_argument(verb, options.id);
  verb.add_option("--timeout", options.timeout, "Give up after this long, with exit code 124")
      ->type_name("DURATION");
  add_to(verb, options.format, {"table", "json"});
}

int run(const WaitOptions& options, Context& context) {
  const auto timeout = parse_timeout(options.timeout);
  StoreAccess access(context);
  const SagaId id = access.pages().resolve(options.id);
  Status now = access.pages().load(id).saga.status;
  std::optional<Status> status = now;
  // What has come to rest needs no engine to be told.
  if (!is_end(now) && (now != Status::stuck || access.engine_running())) {
    status = wait_for(id, timeout, access, context);
  }
  if (!status) now = access.pages().load(id).saga.status;
  const std::string name = to_string(status.value_or(now));
  const Format format = options.format.format();
  if (format == Format::json) {
    print_json(context.out, format,
               {{"id", id.to_string()}, {"status", name}, {"done", status.has_value()}});
  } else {
    context.out << name << '\n';
  }
  return exit_code_of_wait(status);
}

}  // namespace skald::cli
