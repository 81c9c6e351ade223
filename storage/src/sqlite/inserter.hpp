// Inserts rows of one table, several in one run of a statement.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "sqlite/statement.hpp"

namespace skald::sqlite {

/// What a run costs besides its rows (cursors opened, memory taken and given back) is about half of
/// what it costs for one row. Constraints do not abort the statement but fail it, which leaves the
/// rows before the failed one in the transaction: it must be rolled back, as after any error. An
/// abort would need a journal of the statement's own.
class Inserter {
 public:
  /// Into a table with so many columns. \throws StoreError
  Inserter(Connection& connection, std::string_view table, int columns);

  /// Rows of at most so many are bound before they are run, and may use the same memory after that.
  static constexpr std::size_t rows_at_once = 32;

  /// Calls `bind(statement, before, row, i)` for each row, which binds its columns from parameter
  /// `before + 1` on; `i` counts from 0 within the rows of one run. \throws StoreError that says
  /// `cannot <operation>`.
  template <class Row, class Bind>
  void insert(std::span<Row> rows, const char* operation, Bind bind) {
    while (!rows.empty()) {
      Sized& fitting = *std::find_if(statements_.begin(), statements_.end(),
                                     [&](const Sized& each) { return each.rows <= rows.size(); });
      for (std::size_t i = 0; i < fitting.rows; ++i) {
        bind(fitting.statement, static_cast<int>(i) * columns_, rows[i], i);
      }
      fitting.statement.run(operation);
      rows = rows.subspan(fitting.rows);
    }
  }

 private:
  struct Sized {
    std::size_t rows;
    Statement statement;
  };

  int columns_;
  std::array<Sized, 3> statements_;  ///< The largest first, the last of one row.
};

}  // namespace skald::sqlite
