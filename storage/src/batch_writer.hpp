// Writing batches: the store's hot path.
//
// Statements are prepared once and bound to the batch's own memory; positions, row numbers and last
// versions are kept here, and the primary keys and unique indexes of the tables check them.
#pragma once

#include <array>
#include <string>
#include <unordered_set>
#include <vector>

#include "quarantine_table.hpp"
#include "saga_cache.hpp"
#include "skald/store.hpp"
#include "snapshot_table.hpp"
#include "sqlite/inserter.hpp"
#include "sqlite/statement.hpp"

namespace skald {

/// Writes within a transaction that its caller opens, commits, and reports here. One thread.
class BatchWriter {
 public:
  explicit BatchWriter(sqlite::Connection& connection);

  /// Writes all of it and answers the position of its first append. \throws StoreError
  [[nodiscard]] Position write(const Batch& batch);
  /// Takes these sagas away with their journals, `rows` of them. \throws StoreError, also when
  /// there are not so many.
  void remove(const std::vector<SagaId>& sagas, std::uint64_t rows);
  /// What was written is durable.
  void committed();
  /// What was written is gone.
  void rolled_back();
  /// A definition was stored: whether it is used is to be noted anew.
  void forget_definitions() { used_.clear(); }
  /// Messages were taken out of the quarantine.
  void recount_quarantine() { quarantine_.recount(); }
  [[nodiscard]] Position last_position() const { return committed_.position; }

 private:
  struct Marks {
    Position position = 0;  ///< Of the last journal row.
    std::int64_t n = 0;     ///< Of the last saga's row.
    SagaId newest;          ///< The largest id.
  };

  [[nodiscard]] KnownSaga* find(const SagaId& id);
  void write_summaries(const std::vector<SagaSummary>& summaries);
  void note_new(const SagaSummary& summary);
  void update(const SagaSummary& summary, KnownSaga& known);
  void mark_used(const Digest& definition);
  void bind_row(sqlite::Statement& statement, int before, const JournalAppend& row,
                std::string& body);
  void write_snapshot(const SagaSnapshot& snapshot);

  sqlite::Connection& connection_;
  sqlite::Statement find_;
  sqlite::Inserter sagas_table_;
  sqlite::Statement update_;
  sqlite::Statement update_all_;
  sqlite::Statement mark_used_;
  sqlite::Inserter journal_;
  QuarantineWriter quarantine_;
  sqlite::Statement watermark_;
  sqlite::Statement participant_;
  SnapshotWriter snapshots_;
  sqlite::Statement remove_rows_;
  sqlite::Statement remove_saga_;
  sqlite::Statement count_purged_;
  SagaCache sagas_;
  std::unordered_set<Digest> used_;
  Marks committed_;
  Marks marks_;
  std::array<std::string, sqlite::Inserter::rows_at_once> bodies_;
};

}  // namespace skald
