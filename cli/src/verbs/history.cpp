#include "verbs/history.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output/style.hpp"
#include "output/text.hpp"
#include "skald/text.hpp"
#include "skald/view.hpp"
#include "store_access.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t event_columns = 24;
constexpr std::size_t version_columns = 4;
constexpr std::size_t value_columns_max = 120;

Style style_of_event(const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (has("succeeded") || has("completed")) return Style::good;
  if (has("stuck") || has("reject") || has("fail") || has("doubt") || has("unanswered") ||
      has("unknown") || has("abandon") || has("contradict")) {
    return Style::bad;
  }
  if (has("turned") || has("compensat") || has("skip") || has("wish")) return Style::turning;
  return Style::plain;
}

// `step=charge attempt=2 error.code=TIMEOUT`: whatever the event says, without its name.
void describe(const Json& value, const std::string& path, std::string& out) {
  if (value.is_null() || value == "" || (path.empty() && value.empty())) return;
  // Not into payloads: names in them may be as long as they like.
  const bool known = path.empty() || path == "error";
  if (known && value.is_object() && !value.empty()) {
    for (const auto& [name, member] : value.items()) {
      describe(member, path.empty() ? name : path + "." + name, out);
    }
    return;
  }
  const bool word = value.is_string() && value.get<std::string>().find(' ') == std::string::npos;
  const std::string text = word ? printable(value.get<std::string>()) : json_text(value);
  out += fmt::format(" {}={}", printable(path), cut(text, value_columns_max));
}

void print_row(const Json& row, Time started, Context& context, const Painter& paint) {
  const Time at = parse_time(text_at(row, "at")).value_or(started);
  const std::string when = context.global.time == TimeStyle::rfc3339
                               ? format_time(at)
                               : padded("+" + describe_duration(at - started), 9, true);
  for (const Json& event : row.at("events")) {
    const std::string name = text_at(event, "event");
    Json rest = event;
    rest.erase("event");
    // Enough of a digest to tell two apart.
    if (rest.contains("definition")) rest["definition"] = cut(text_at(rest, "definition"), 12);
    std::string text;
    // The step first: it is what people look for.
    if (const std::string step = text_at(event, "step"); !step.empty()) {
      text = " " + printable(step);
      rest.erase("step");
    }
    describe(rest, "", text);
    context.out << paint(Style::dim, when) << "  "
                << paint(Style::dim, padded("v" + dump_json(row.at("version")), version_columns))
                << "  " << paint(style_of_event(name), padded(name, event_columns)) << text << '\n';
  }
}

}  // namespace

void add_to(CLI::App& app, HistoryOptions& options) {
  CLI::App& verb = add_verb(app, "history", "Everything that happened to a saga", "history 0192f3");
  add_saga_argument(verb, options.id);
  add_to(verb, options.format, {"table", "json", "jsonl"});
}

int run(const HistoryOptions& options, Context& context) {
  StoreAccess access(context);
  const FoldedSaga folded = access.pages().load(access.pages().resolve(options.id));
  const SecretMask mask(*folded.definition, folded.saga);
  const Format format = options.format.format();
  if (format == Format::table) {
    const Painter paint(context.colored());
    for (const JournalRow& row : folded.rows) {
      print_row(journal_row_json(mask, row), folded.saga.started_at, context, paint);
    }
    return exit_done;
  }
  JsonWriter json(context.out, format);
  for (const JournalRow& row : folded.rows) json.add(journal_row_json(mask, row));
  json.finish();
  return exit_done;
}

}  // namespace skald::cli
