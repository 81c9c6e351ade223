#include "verbs/count.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output/text.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, CountOptions& options) {
  CLI::App& verb = add_verb(app, "count", "How many sagas match a filter", "count --status stuck");
  add_to(verb, options.filter);
  add_to(verb, options.format, {"table", "json"});
}

int run(const CountOptions& options, Context& context) {
  const SagaFilter filter = options.filter.filter(context.clock.now());
  StoreAccess access(context);
  const std::uint64_t count = access.pages().count(filter);
  const Format format = options.format.format();
  if (format == Format::json) {
    print_json(context.out, format, {{"count", count}});
  } else {
    context.out << count << '\n';
  }
  const std::string passed_over = access.pages().about_passed_over();
  if (passed_over.empty()) return exit_done;
  context.err << "skald: " << printable(passed_over) << '\n';
  return exit_failed;
}

}  // namespace skald::cli
