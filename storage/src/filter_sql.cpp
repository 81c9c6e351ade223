#include "filter_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "queries.hpp"
#include "schema.hpp"

namespace skald {
namespace {

constexpr std::size_t values_max = 30'000;  // SQLite takes 32,766
constexpr std::size_t branches_max = 50;    // SQLite takes 500

/// Puts a query together from one SELECT per branch. A branch fixes the leading column of an index
/// whose second column is the id, so that each branch comes out in order of id and SQLite merges
/// them, reading no more rows than the page needs.
class Builder {
 public:
  Builder(const SagaFilter& filter, std::int64_t schema) : filter_(filter), schema_(schema) {
    choose_branches();
  }

  void after(const SagaId& id) {
    if (id.empty()) return;
    add_condition("id < " + parameter(id));
  }
  void conditions() {
    if (!by_status_) add_any("status", filter_.statuses);
    if (!by_error_) add_any("error_code", filter_.error_codes);
    if (!by_type_) add_any("type", filter_.types);
    add_any("key", filter_.keys);
    // An id begins with the time of the start, so an index finds where to begin and to end.
    if (filter_.started_before) add_condition("id < " + first_id(*filter_.started_before));
    if (filter_.started_after) add_condition("id >= " + first_id(*filter_.started_after));
  }
  /// One `SELECT <columns> …` per branch, with UNION ALL between them.
  [[nodiscard]] std::string selects(std::string_view columns) const {
    std::string sql;
    for (const std::string& branch : branches_) {
      if (!sql.empty()) sql += " UNION ALL ";
      sql += fmt::format("SELECT {} FROM sagas INDEXED BY {} WHERE {}{}", columns, index_, branch,
                         conditions_);
    }
    return sql;
  }
  std::string parameter(FilterValue value) {
    if (values_.size() == values_max) {
      throw Refused(Refused::Code::invalid,
                    fmt::format("a filter takes at most {} values; split it up", values_max));
    }
    values_.push_back(std::move(value));
    return fmt::format("?{}", values_.size());
  }
  [[nodiscard]] FilterQuery finish(std::string sql) { return {std::move(sql), std::move(values_)}; }

 private:
  void choose_branches() {
    const bool completed =
        std::count(filter_.statuses.begin(), filter_.statuses.end(), Status::completed) > 0;
    if (!filter_.keys.empty()) {
      index_ = "sagas_by_key";
      branches_ = {"true"};
    } else if (!filter_.error_codes.empty() && filter_.error_codes.size() <= branches_max) {
      index_ = "sagas_by_error";
      by_error_ = true;
      branch_on("error_code = {}", filter_.error_codes);
    } else if (!filter_.statuses.empty() && !completed) {
      index_ = "sagas_by_status";
      by_status_ = true;
      branch_on("status = {} AND status <> 4", filter_.statuses);
    } else if (schema_ >= schema_with_types && !filter_.types.empty() &&
               filter_.types.size() <= branches_max) {
      index_ = "sagas_by_type";
      by_type_ = true;
      branch_on("type = {}", filter_.types);
    } else {
      index_ = "sagas_by_id";
      branches_ = {"true"};
    }
  }
  template <class Value>
  void branch_on(fmt::format_string<std::string> condition, std::vector<Value> values) {
    // A value that is given twice must not list its sagas twice.
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const Value& value : values) {
      branches_.push_back(fmt::format(condition, parameter(column_value(value))));
    }
  }
  template <class Value>
  void add_any(std::string_view column, const std::vector<Value>& values) {
    if (values.empty()) return;
    std::string list;
    for (const Value& value : values) {
      if (!list.empty()) list += ", ";
      list += parameter(column_value(value));
    }
    add_condition(fmt::format("{} IN ({})", column, list));
  }
  void add_condition(const std::string& condition) { conditions_ += " AND " + condition; }
  std::string first_id(Time at) { return parameter(SagaId::make(at, 0, 0)); }
  static std::int64_t column_value(Status status) { return static_cast<std::int64_t>(status); }
  static std::string column_value(const std::string& text) { return text; }

  const SagaFilter& filter_;
  std::int64_t schema_;
  std::string index_;
  bool by_status_ = false;
  bool by_error_ = false;
  bool by_type_ = false;
  std::vector<std::string> branches_;
  std::string conditions_;
  std::vector<FilterValue> values_;
};

// Of a filter by status alone, or by nothing, that counts the completed sagas, which no index of
// their own names: the statuses it does not count.
std::optional<std::vector<Status>> others_than_counted(const SagaFilter& filter) {
  SagaFilter rest = filter;
  rest.statuses.clear();
  if (!rest.empty()) return std::nullopt;
  std::vector<Status> others;
  const auto& counted = filter.statuses;
  for (std::size_t s = 0; s < status_count && !counted.empty(); ++s) {
    const auto status = static_cast<Status>(s);
    if (std::find(counted.begin(), counted.end(), status) == counted.end()) {
      others.push_back(status);
    }
  }
  const bool completed = std::find(others.begin(), others.end(), Status::completed) == others.end();
  return completed ? std::optional(others) : std::nullopt;
}

// Sagas are numbered without gaps, and purges say how many they took: nothing need be walked
// through but the few that are not completed.
FilterQuery count_without(const std::vector<Status>& others) {
  constexpr std::string_view all =
      "max(last_n, (SELECT coalesce(max(n), 0) FROM sagas)) - purged.sagas";
  if (others.empty()) return {fmt::format("SELECT {} FROM purged", all), {}};
  SagaFilter filter;
  filter.statuses = others;
  Builder builder(filter, schema_version);
  return builder.finish(fmt::format("SELECT {} - (SELECT sum(matched) FROM ({})) FROM purged", all,
                                    builder.selects("count(*) AS matched")));
}

}  // namespace

void FilterQuery::bind_to(sqlite::Statement& statement) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
      statement.bind(parameter, *number);
    } else if (const auto* text = std::get_if<std::string>(&values[i])) {
      statement.bind_text(parameter, *text);
    } else {
      statement.bind_raw(parameter, std::get<SagaId>(values[i]).bytes());
    }
  }
}

FilterQuery list_query(const SagaFilter& filter, const Cursor& cursor, std::size_t limit,
                       std::int64_t schema) {
  Builder builder(filter, schema);
  builder.after(cursor.after);
  builder.conditions();
  constexpr auto limit_max = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  const auto bounded = static_cast<std::int64_t>(std::min(limit, limit_max));
  const std::string page = builder.parameter(bounded);
  return builder.finish(
      fmt::format("{} ORDER BY id DESC LIMIT {}", builder.selects(summary_columns), page));
}

FilterQuery unfinished_query() {
  SagaFilter unfinished;
  for (std::size_t s = 0; s < status_count; ++s) {
    const auto status = static_cast<Status>(s);
    if (!is_end(status)) unfinished.statuses.push_back(status);
  }
  Builder builder(unfinished, schema_version);
  return builder.finish(builder.selects(summary_columns) + " ORDER BY id");
}

FilterQuery count_query(const SagaFilter& filter, std::int64_t schema) {
  if (auto others = others_than_counted(filter); others && schema >= schema_with_purges) {
    return count_without(*std::move(others));
  }
  Builder builder(filter, schema);
  builder.conditions();
  return builder.finish(
      fmt::format("SELECT sum(matched) FROM ({})", builder.selects("count(*) AS matched")));
}

}  // namespace skald
