// Filters as SQL: only fixed words are put together, every value is a bound parameter.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "skald/filter.hpp"
#include "skald/store.hpp"
#include "sqlite/statement.hpp"

namespace skald {

using FilterValue = std::variant<std::int64_t, std::string, SagaId>;

/// A SELECT and the values of its parameters ?1, ?2, …
struct FilterQuery {
  std::string sql;
  std::vector<FilterValue> values;

  /// The values must outlive the statement's run.
  void bind_to(sqlite::Statement& statement) const;
};

/// `schema` is that of the file, which a reader may find older than schema_version.
/// Summaries in the columns of summary_columns, newest id first. \throws Refused (invalid) when the
/// filter names more values than SQLite takes.
[[nodiscard]] FilterQuery list_query(const SagaFilter& filter, const Cursor& cursor,
                                     std::size_t limit, std::int64_t schema);
/// Summaries of all sagas that have not ended, oldest id first.
[[nodiscard]] FilterQuery unfinished_query();
/// One row with one number.
[[nodiscard]] FilterQuery count_query(const SagaFilter& filter, std::int64_t schema);

}  // namespace skald
