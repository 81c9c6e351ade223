// Where snapshots of sagas are kept: at most one a saga, the newest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "skald/store.hpp"
#include "sqlite/statement.hpp"

namespace skald {

/// A snapshot with more bytes is not kept, and the one before it stays: reading it would take
/// longer than reading the rows since.
inline constexpr std::size_t snapshot_bytes_max = 64UL * 1024 * 1024;

/// Reads from stores of any schema; those from before there were snapshots have none.
[[nodiscard]] std::optional<SagaSnapshot> read_snapshot(sqlite::Connection& connection,
                                                        std::int64_t schema, const SagaId& id);

/// Writes within the owner's transaction. One thread.
class SnapshotWriter {
 public:
  /// Of a store that is up to date. \throws StoreError
  explicit SnapshotWriter(sqlite::Connection& connection);

  /// Replaces the snapshot of the saga whose row is `n`.
  void write(std::int64_t n, const SagaSnapshot& snapshot);
  void remove(std::int64_t n);

 private:
  sqlite::Statement write_;
  sqlite::Statement remove_;
  std::string bytes_;
};

}  // namespace skald
