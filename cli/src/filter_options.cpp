#include "filter_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "skald/error.hpp"
#include "text_options.hpp"

namespace skald::cli {

Time parse_moment(const char* option, const std::string& text, Time now) {
  if (const auto age = parse_duration(text)) return now - *age;
  if (const auto time = parse_time(text)) return *time;
  throw Refused(Refused::Code::invalid,
                fmt::format("{}: '{}' is neither a duration such as 10m, 2h or 7d nor a time in "
                            "RFC 3339",
                            option, text));
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto first = text.find_first_not_of(' ', begin);
    if (first < end) {
      const auto last = text.find_last_not_of(' ', end - 1);
      parts.push_back(text.substr(first, last - first + 1));
    }
    begin = end + 1;
  }
  return parts;
}

namespace {

// The value in a clause may be one that people are not shown: a refusal names the place alone.
WhereClause parse_clause(const std::string& clause) {
  try {
    return WhereClause::parse(clause);
  } catch (const Refused& refused) {
    constexpr const char* space = " \t\r\n";
    const std::size_t begin = std::min(clause.find_first_not_of(space), clause.size());
    const std::size_t end = clause.find_last_not_of(space) + 1;
    const std::string known =
        fmt::format("where '{}': ", clause.substr(begin, end > begin ? end - begin : 0));
    const std::string_view message = refused.what();
    if (!message.starts_with(known)) throw;
    const std::string place =
        clause.substr(begin, clause.find_first_of(" \t\r\n=!<>", begin) - begin);
    throw Refused(refused.code(),
                  fmt::format("--where '{}': {}", place, message.substr(known.size())));
  }
}

}  // namespace

SagaFilter FilterOptions::filter(Time now) const {
  SagaFilter filter;
  for (const auto& name : split_list(status)) {
    const auto parsed = parse_status(name);
    if (!parsed) {
      throw Refused(Refused::Code::invalid,
                    fmt::format("--status: '{}' is not one of pending, running, compensating, "
                                "stuck, completed, compensated, abandoned",
                                name));
    }
    filter.statuses.push_back(*parsed);
  }
  filter.types = split_list(type);
  filter.keys = split_list(key);
  filter.steps = split_list(step);
  filter.error_codes = split_list(error_code);
  filter.attempts_ge = attempts_ge;
  if (!older_than.empty()) filter.started_before = parse_moment("--older-than", older_than, now);
  if (!newer_than.empty()) filter.started_after = parse_moment("--newer-than", newer_than, now);
  for (const auto& clause : where) filter.where.push_back(parse_clause(clause));
  return filter;
}

void add_to(CLI::App& app, FilterOptions& options, bool with_step) {
  const auto text = [&](const char* name, std::string& value, const char* help, const char* type) {
    app.add_option(name, value, help)->check(valid_text())->type_name(type)->group("Filter");
  };
  text("--status", options.status, "Any of these states, with commas between", "LIST");
  text("--type", options.type, "Any of these saga types", "LIST");
  text("--key", options.key, "Any of these business keys", "LIST");
  if (with_step)
    text("--step", options.step, "The step it is at, waiting, stuck or failed", "LIST");
  text("--error-code", options.error_code, "Code of what turned it back or holds it", "LIST");
  app.add_option("--attempts-ge", options.attempts_ge, "Some step has at least N attempts")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group("Filter");
  text("--older-than", options.older_than, "Started before: 10m ago, or an RFC 3339 time", "AGE");
  text("--newer-than", options.newer_than, "Started after: 2h ago, or an RFC 3339 time", "AGE");
  app.add_option("--where", options.where,
                 R"(A value in it: 'input./customer = "c-7"'; repeatable)")
      ->check(valid_text())
      ->type_name("CLAUSE")
      ->allow_extra_args(false)
      ->group("Filter");
}

}  // namespace skald::cli
