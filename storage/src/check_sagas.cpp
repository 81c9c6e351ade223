#include "check_sagas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "event_codec.hpp"
#include "queries.hpp"
#include "schema.hpp"
#include "skald/error.hpp"
#include "snapshot_table.hpp"

namespace skald {
namespace {

constexpr const char* mend_saga =
    "restore the store from a backup, or end the saga with `skald abandon`";

class SagaCheck {
 public:
  SagaCheck(sqlite::Connection& connection, std::vector<std::string>& problems)
      : connection_(connection),
        problems_(problems),
        schema_(connection.ask("PRAGMA user_version")),
        journal_(connection,
                 "SELECT version, at, body, position FROM journal WHERE saga = ? ORDER BY version"),
        snapshot_(connection, "SELECT version FROM snapshots WHERE saga = ?", schema_) {}

  void check_all() {
    sqlite::Statement sagas(connection_,
                            fmt::format("SELECT {}, n FROM sagas ORDER BY n", summary_columns));
    auto rows = sagas.rows();
    while (rows.next() && has_room()) check_saga(rows);
    check_orphans();
  }

 private:
  /// Stores from before there were snapshots have no table to ask.
  struct SnapshotQuery {
    SnapshotQuery(sqlite::Connection& connection, std::string_view sql, std::int64_t schema) {
      if (schema >= schema_with_snapshots) statement.emplace(connection, sql);
    }
    std::optional<sqlite::Statement> statement;
  };

  [[nodiscard]] bool has_room() const { return problems_.size() < problems_max; }
  void say(std::string problem) {
    if (has_room()) problems_.push_back(std::move(problem));
  }

  void check_saga(const sqlite::Rows& row) {
    const std::int64_t n = row.int64(18);
    const auto summary = read_summary(row);
    if (!summary) {
      say(
          fmt::format("row {} of the table of sagas has an impossible id or status; restore the "
                      "store from a backup",
                      n));
      return;
    }
    if (row.bytes(3).size() != 32) {
      say(fmt::format("saga {}: its row names no definition; {}", summary->id.to_string(),
                      mend_saga));
    }
    const auto journal = read_journal(n, summary->id);
    if (!journal) return;
    if (journal->empty()) {
      say(fmt::format("saga {} has no journal; {}", summary->id.to_string(), mend_saga));
      return;
    }
    compare(*summary, *journal);
    compare_snapshot(n, summary->id, *journal);
  }

  /// Nothing when some row cannot be read, which has been said.
  std::optional<std::vector<JournalRow>> read_journal(std::int64_t n, const SagaId& id) {
    std::vector<JournalRow> journal;
    bool sound = true;
    journal_.bind(1, n);
    auto rows = journal_.rows();
    while (rows.next() && has_room()) {
      JournalRow row;
      row.version = static_cast<std::uint64_t>(rows.int64(0));
      row.at = Time(Duration(rows.int64(1)));
      row.position = rows.int64(3);
      const std::uint64_t expected = journal.empty() ? 1 : journal.back().version + 1;
      if (row.version != expected) {
        say(fmt::format("saga {} lacks journal version {}; {}", id.to_string(), expected,
                        mend_saga));
        sound = false;
      }
      try {
        row.events = decode_body(id, row.version, row.at, rows.bytes(2));
      } catch (const StoreError& error) {
        say(fmt::format("saga {}, journal version {} (position {}): {}", id.to_string(),
                        row.version, row.position, error.what()));
        sound = false;
      }
      journal.push_back(std::move(row));
    }
    if (!sound) return std::nullopt;
    return journal;
  }

  // What a row says beyond this, it says of the definition, too: `skald audit` looks at that.
  void compare(const SagaSummary& summary, const std::vector<JournalRow>& journal) {
    Saga saga;
    try {
      saga = fold(journal);
    } catch (const StoreError& error) {
      say(fmt::format("saga {}: {}", summary.id.to_string(), error.what()));
      return;
    }
    const char* differs = nullptr;
    if (saga.id != summary.id) differs = "id";
    if (saga.type != summary.type) differs = "type";
    if (saga.definition != summary.definition) differs = "definition";
    if (saga.key != summary.key) differs = "key";
    if (is_end(saga.status) != is_end(summary.status)) differs = "status";
    if (summary.version > saga.version) differs = "version";
    if (differs == nullptr) return;
    say(
        fmt::format("saga {}: its row and its journal do not agree on its {}; run `skald audit`, "
                    "and {}",
                    summary.id.to_string(), differs, mend_saga));
  }

  void compare_snapshot(std::int64_t n, const SagaId& id, const std::vector<JournalRow>& journal) {
    if (!snapshot_.statement) return;
    snapshot_.statement->bind(1, n);
    auto rows = snapshot_.statement->rows();
    if (!rows.next()) return;
    const std::int64_t version = rows.int64(0);
    const auto snapshot = read_snapshot(connection_, schema_, id);
    if (!snapshot) {
      say(
          fmt::format("saga {}: its snapshot at version {} is damaged or of another version of "
                      "Skald; it is not used, and the next one replaces it",
                      id.to_string(), version));
      return;
    }
    const bool there = version > 0 && static_cast<std::uint64_t>(version) <= journal.size();
    if (there && *snapshot == snapshot_of({journal.begin(), journal.begin() + version})) return;
    say(
        fmt::format("saga {}: its snapshot at version {} is not what its journal says; restore "
                    "the store from a backup",
                    id.to_string(), version));
  }

  void check_orphans() {
    sqlite::Statement orphans(connection_,
                              "SELECT position FROM journal WHERE saga NOT IN "
                              "(SELECT n FROM sagas) ORDER BY position");
    auto rows = orphans.rows();
    while (rows.next() && has_room()) {
      say(fmt::format("journal row {} belongs to no saga; restore the store from a backup",
                      rows.int64(0)));
    }
  }

  sqlite::Connection& connection_;
  std::vector<std::string>& problems_;
  std::int64_t schema_;
  sqlite::Statement journal_;
  SnapshotQuery snapshot_;
};

}  // namespace

void check_sagas(sqlite::Connection& connection, std::vector<std::string>& problems) {
  SagaCheck(connection, problems).check_all();
}

}  // namespace skald
