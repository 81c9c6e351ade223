// Writing quarantined messages, within the limits of quarantine_limits.hpp.
#pragma once

#include <optional>

#include "quarantine_limits.hpp"
#include "sqlite/statement.hpp"

namespace skald {

/// Writes within the owner's transaction. One thread.
class QuarantineWriter {
 public:
  /// \throws StoreError
  explicit QuarantineWriter(sqlite::Connection& connection);

  void write(const QuarantinedMessage& message);
  /// Rows were removed, or a transaction was rolled back: what is there is counted anew.
  void recount() { totals_.reset(); }

 private:
  [[nodiscard]] QuarantineTotals count();
  void insert(const QuarantinedMessage& message);
  void count_in_totals(const QuarantinedMessage& message);
  void write_count(const QuarantinedMessage& last);

  sqlite::Connection& connection_;
  sqlite::Statement insert_;
  sqlite::Statement update_count_;
  std::optional<QuarantineTotals> totals_;
  std::int64_t counting_row_ = 0;  ///< Number of the counting message; 0: there is none.
};

}  // namespace skald
