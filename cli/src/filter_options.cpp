#include "filter_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "skald/error.hpp"
#include "skald/text.hpp"
#include "span_options.hpp"
#include "text_options.hpp"

namespace skald::cli {

std::vector<std::string> split_list(const char* option, const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  std::size_t blanks = 0;  // At the end of the part, not escaped.
  const auto end_part = [&] {
    part.resize(part.size() - blanks);
    blanks = 0;
    if (part.empty()) {
      throw Refused(Refused::Code::invalid,
                    fmt::format("{}: a value in '{}' is empty; give every value, or leave the "
                                "option out",
                                option, text));
    }
    parts.push_back(std::exchange(part, {}));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
    if (escaped) {
      part += text[++i];
      blanks = 0;
    } else if (text[i] == ',') {
      end_part();
    } else if (text[i] != ' ') {
      part += text[i];
      blanks = 0;
    } else if (!part.empty()) {
      part += ' ';
      ++blanks;
    }
  }
  end_part();
  return parts;
}

std::string escape_in_list(const std::string& part) {
  std::string text;
  for (const char c : part) {
    if (c == ',' || c == '\\') text += '\\';
    text += c;
  }
  return text;
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

std::vector<std::string> split_all(const char* option, const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const auto& text : texts) {
    for (auto& part : split_list(option, text)) parts.push_back(std::move(part));
  }
  return parts;
}

// A filter that nothing can match is a mistake, not an empty answer.
std::vector<std::string> names_of(const char* option, std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (const auto problem = name_problem(name, name_bytes_max)) {
      throw Refused(Refused::Code::invalid,
                    fmt::format("{}: a name {}; give 1 to {} bytes of UTF-8", option, *problem,
                                name_bytes_max));
    }
  }
  return names;
}

}  // namespace

SagaFilter FilterOptions::filter(Time now) const {
  SagaFilter filter;
  for (const auto& name : split_all("--status", status)) {
    const auto parsed = parse_status(name);
    if (!parsed) {
      throw Refused(Refused::Code::invalid,
                    fmt::format("--status: '{}' is not one of pending, running, compensating, "
                                "stuck, completed, compensated, abandoned",
                                name));
    }
    filter.statuses.push_back(*parsed);
  }
  filter.types = names_of("--type", split_all("--type", type));
  filter.keys = names_of("--key", key);
  filter.steps = names_of("--step", split_all("--step", step));
  filter.error_codes = names_of("--error-code", split_all("--error-code", error_code));
  filter.attempts_ge = attempts_ge;
  if (!older_than.empty()) filter.started_before = parse_moment("--older-than", older_than, now);
  if (!newer_than.empty()) filter.started_after = parse_moment("--newer-than", newer_than, now);
  for (const auto& clause : where) filter.where.push_back(parse_clause(clause));
  return filter;
}

void add_to(CLI::App& app, FilterOptions& options, bool with_step) {
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    return app.add_option(name, value, help)->check(valid_text())->type_name(type)->group("Filter");
  };
  const auto list = [&](const char* name, std::vector<std::string>& value, const char* help,
                        const char* type) {
    option(name, value, help, type)->allow_extra_args(false);
  };
  list("--status", options.status, "Any of these states, with commas between", "LIST");
  list("--type", options.type, "Any of these saga types", "LIST");
  list("--key", options.key, "The business key, a comma included; repeatable", "KEY");
  if (with_step)
    list("--step", options.step,
         "The step it is at, waiting, stuck or failed; a for_each is all its elements", "LIST");
  list("--error-code", options.error_code, "Code of what turned it back or holds it", "LIST");
  app.add_option("--attempts-ge", options.attempts_ge, "Some step has at least N attempts")
      ->check(valid_count(0))
      ->type_name("N")
      ->group("Filter");
  option("--older-than", options.older_than, "Started before: 1h30m ago, or a date or time", "AGE");
  option("--newer-than", options.newer_than, "Started after: 1w ago, or a date or time", "AGE");
  list("--where", options.where, R"(A value in it: 'input./customer = "c-7"'; repeatable)",
       "CLAUSE");
}

}  // namespace skald::cli
