#include "verbs/why.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "explain.hpp"
#include "output/text.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, WhyOptions& options) {
  CLI::App& verb = add_verb(app, "why", "What a saga waits for, and what would help", "why 0192f3");
  add_saga_argument(verb, options.id);
  add_to(verb, options.format, {"table", "json"});
}

int run(const WhyOptions& options, Context& context) {
  StoreAccess access(context);
  const auto loaded = access.pages().try_load(access.pages().resolve(options.id));
  const auto* unreadable = std::get_if<UnreadableSaga>(&loaded);
  Json answer;
  std::vector<std::string> lines;
  if (unreadable) {
    lines = {unreadable->problem};
    const auto& known = unreadable->summary;
    answer = {{"id", unreadable->id.to_string()},
              {"status", known ? Json(to_string(known->status)) : Json()},
              {"why", joined(lines)}};
  } else {
    const auto& folded = std::get<FoldedSaga>(loaded);
    lines = explain(access, folded, context.clock.now());
    answer = {{"id", folded.saga.id.to_string()},
              {"status", to_string(folded.saga.status)},
              {"why", joined(lines)}};
  }
  const Format format = options.format.format();
  if (format == Format::json) {
    print_json(context.out, format, answer);
  } else {
    // Each line on its own: a line break inside one came from outside.
    for (const std::string& line : lines) {
      context.out << (&line == &lines.front() ? "" : "  ") << printable(line) << '\n';
    }
  }
  return unreadable ? exit_failed : exit_done;
}

}  // namespace skald::cli
