#include "verbs/list.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "saga_pages.hpp"
#include "skald/text.hpp"
#include "skald/view.hpp"
#include "store_access.hpp"
#include "text_options.hpp"
#include "unreadable.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr std::size_t table_limit = 50;

std::size_t effective_limit(const ListOptions& options) {
  if (options.limit) return *options.limit;
  const Format format = options.format.format();
  return format == Format::ids || format == Format::jsonl ? 0 : table_limit;
}

std::string flags_of(const Json& row) {
  std::string flags;
  if (row.value("paused", false)) flags += " paused";
  if (row.value("forced", false)) flags += " forced";
  return flags;
}

std::string number_at(const Json& row, const char* name) {
  const auto member = row.find(name);
  return member != row.end() && member->is_number() ? dump_json(*member) : "";
}

void print_table(const std::vector<Json>& rows, bool wide, Context& context) {
  std::vector<std::string> ids;
  for (const Json& row : rows) ids.push_back(text_at(row, "id"));
  const std::size_t id_length = wide ? std::string::npos : short_id_length(ids);
  std::vector<Column> columns{
      {"ID", false, true},      {"TYPE"},  {"STATUS", false, true}, {"KEY"}, {"STEP"},
      {"ATTEMPTS", true, true}, {"ERROR"}, {"STARTED", false, true}};
  if (wide) {
    columns.insert(columns.end(), {{"VERSION", true, true},
                                   {"UPDATED", false, true},
                                   {"ENDED", false, true},
                                   {"NEXT", false, true}});
  }
  Table table(columns);
  for (const Json& row : rows) {
    const std::string status = text_at(row, "status");
    std::vector<Cell> cells{
        {text_at(row, "id").substr(0, id_length)},
        {text_at(row, "type")},
        {status + flags_of(row), style_of_status(status)},
        {text_at(row, "key")},
        {text_at(row, "step")},
        {number_at(row, "attempts")},
        {row.contains("unreadable") ? "unreadable" : text_at(row, "error_code")},
        {time_at(row, "started_at", context), Style::dim}};
    if (wide) {
      cells.insert(cells.end(), {{number_at(row, "version")},
                                 {time_at(row, "updated_at", context)},
                                 {time_at(row, "ended_at", context)},
                                 {time_at(row, "next_at", context)}});
    }
    table.add(std::move(cells));
  }
  const auto width = static_cast<std::size_t>(wide ? 0 : context.width);
  table.print(context.out, Painter(context.colored()), width);
}

// What one page shows, and whether more match.
class Page {
 public:
  Page(const ListOptions& options, SagaPages& pages, Context& context)
      : pages_(pages),
        context_(context),
        format_(options.format.format()),
        limit_(effective_limit(options)),
        json_(context.out, format_) {}

  bool take(const SagaSummary& summary) {
    if (limit_ > 0 && taken_ == limit_) {
      more_ = true;
      return false;
    }
    ++taken_;
    last_ = summary.id;
    if (format_ == Format::ids) {
      context_.out << summary.id.to_string() << '\n';
      return true;
    }
    Json row = row_of(summary.id);
    if (format_ == Format::json || format_ == Format::jsonl) {
      json_.add(row);
    } else {
      rows_.push_back(std::move(row));
    }
    return true;
  }

  [[nodiscard]] int finish() {
    if (format_ == Format::json || format_ == Format::jsonl) json_.finish();
    if (!rows_.empty()) print_table(rows_, format_ == Format::wide, context_);
    if (taken_ == 0) context_.note("no saga matches");
    if (more_) context_.note("more match; the next page: --after " + last_.to_string());
    const std::string passed_over = pages_.about_passed_over();
    if (!passed_over.empty()) context_.err << "skald: " << printable(passed_over) << '\n';
    return damage_ || !passed_over.empty() ? exit_failed : exit_done;
  }

 private:
  // One that cannot be read is listed by its summary, and said on stderr.
  Json row_of(const SagaId& id) {
    const auto loaded = pages_.try_load(id);
    if (const auto* unreadable = std::get_if<UnreadableSaga>(&loaded)) {
      damage_ = true;
      context_.err << "skald: " << printable(unreadable->problem) << '\n';
      return unreadable_json(*unreadable);
    }
    const auto& folded = std::get<FoldedSaga>(loaded);
    return list_json(*folded.definition, folded.saga);
  }

  SagaPages& pages_;
  Context& context_;
  Format format_;
  std::size_t limit_;
  JsonWriter json_;
  std::vector<Json> rows_;
  std::size_t taken_ = 0;
  SagaId last_;
  bool more_ = false;
  bool damage_ = false;
};

}  // namespace

void add_to(CLI::App& app, ListOptions& options) {
  CLI::App& verb = add_verb(app, "list", "Sagas by filter, newest first",
                            "list --status stuck,compensating --older-than 10m");
  add_to(verb, options.filter);
  verb.add_option("--limit", options.limit,
                  "At most N; 0: all (50 for tables and json, all for ids and jsonl)")
      ->check(valid_count(0))
      ->type_name("N");
  verb.add_option("--after", options.after, "Only those after this one: the next page")
      ->type_name("ID");
  add_to(verb, options.format);
}

int run(const ListOptions& options, Context& context) {
  const SagaFilter filter = options.filter.filter(context.clock.now());
  StoreAccess access(context);
  const SagaId after = options.after.empty() ? SagaId{} : access.pages().resolve(options.after);
  Page page(options, access.pages(), context);
  access.pages().each(filter, after,
                      [&](const SagaSummary& summary) { return page.take(summary); });
  return page.finish();
}

}  // namespace skald::cli
