#include "batch_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "event_codec.hpp"
#include "queries.hpp"
#include "store_rules.hpp"

namespace skald {
namespace {

constexpr std::size_t cached_sagas_max = 262'144;  // some 25 MB
constexpr std::size_t kept_body_bytes = 65'536;    // A few large payloads must not stay for good.

constexpr const char* writing_a_saga =
    "write a saga's row (a business key has one holder, an id one row; nothing was stored)";
constexpr const char* appending =
    "append to the journal (a saga's version is written once; nothing was stored)";

std::int64_t ms(Time time) { return time.time_since_epoch().count(); }

void bind_time(sqlite::Statement& statement, int parameter, const std::optional<Time>& time) {
  time ? statement.bind(parameter, ms(*time)) : statement.bind_null(parameter);
}

void bind_id(sqlite::Statement& statement, int parameter, const std::optional<SagaId>& id) {
  id ? statement.bind_raw(parameter, id->bytes()) : statement.bind_null(parameter);
}

void bind_unless_empty(sqlite::Statement& statement, int parameter, const std::string& text) {
  text.empty() ? statement.bind_null(parameter) : statement.bind_text(parameter, text);
}

void bind_flag_or_null(sqlite::Statement& statement, int parameter, bool flag) {
  flag ? statement.bind(parameter, 1) : statement.bind_null(parameter);
}

void bind_summary(sqlite::Statement& row, int before, std::int64_t n, const SagaSummary& summary) {
  row.bind(before + 1, n);
  row.bind_raw(before + 2, summary.id.bytes());
  row.bind_text(before + 3, summary.type);
  row.bind(before + 4, summary.definition_version);
  row.bind_raw(before + 5, summary.definition.bytes());
  summary.key ? row.bind_text(before + 6, *summary.key) : row.bind_null(before + 6);
  bind_flag_or_null(row, before + 7, summary.holds_key);
  row.bind(before + 8, static_cast<std::int64_t>(summary.status));
  row.bind(before + 9, summary.paused);
  row.bind(before + 10, summary.forced);
  row.bind(before + 11, summary.contradicted);
  row.bind(before + 12, static_cast<std::int64_t>(summary.version));
  row.bind(before + 13, ms(summary.started_at));
  row.bind(before + 14, ms(summary.updated_at));
  bind_time(row, before + 15, summary.ended_at);
  bind_id(row, before + 16, summary.replay_of);
  bind_id(row, before + 17, summary.replayed_by);
  bind_unless_empty(row, before + 18, summary.error_step);
  bind_unless_empty(row, before + 19, summary.error_code);
}

std::uint64_t error_mark(std::string_view step, std::string_view code) {
  if (step.empty() && code.empty()) return 0;
  return std::hash<std::string>{}(fmt::format("{}\n{}", step, code)) | 1U;
}

// The last of them may have been purged; their numbers are not given again.
std::int64_t last_number(sqlite::Connection& connection, const char* purged, const char* column,
                         const char* table) {
  constexpr std::int64_t most = std::int64_t{1} << 62;
  return connection.ask(
      fmt::format("SELECT coalesce(max(last), 0) FROM (SELECT max({0}) AS last FROM purged WHERE "
                  "{0} BETWEEN 0 AND {1} UNION ALL SELECT max({2}) FROM {3} WHERE {2} BETWEEN 0 "
                  "AND {1})",
                  purged, most, column, table));
}

}  // namespace

BatchWriter::BatchWriter(sqlite::Connection& connection)
    : connection_(connection),
      find_(connection, fmt::format("SELECT n, ({}), holds_key, error_step, error_code FROM sagas "
                                    "WHERE id = ?",
                                    last_version_of_n)),
      sagas_table_(connection, "sagas", 19),
      update_(connection,
              "UPDATE sagas SET status = ?2, paused = ?3, forced = ?4, contradicted = ?5, "
              "version = ?6, updated_at = ?7, ended_at = ?8, replayed_by = ?9 "
              "WHERE n = ?1 AND version <= ?6"),
      update_all_(connection,
                  "UPDATE sagas SET status = ?2, paused = ?3, forced = ?4, contradicted = ?5, "
                  "version = ?6, updated_at = ?7, ended_at = ?8, replayed_by = ?9, "
                  "holds_key = ?10, error_step = ?11, error_code = ?12 "
                  "WHERE n = ?1 AND version <= ?6"),
      mark_used_(connection, "UPDATE definitions SET used = 1 WHERE digest = ? AND used = 0"),
      journal_(connection, "journal", 5),
      quarantine_(connection),
      watermark_(connection, "INSERT OR REPLACE INTO watermarks VALUES (?, ?)"),
      participant_(connection, "INSERT OR REPLACE INTO participants VALUES (?, ?)"),
      snapshots_(connection),
      remove_rows_(connection, "DELETE FROM journal WHERE saga = ?"),
      remove_saga_(connection, "DELETE FROM sagas WHERE n = ?"),
      count_purged_(connection,
                    "UPDATE purged SET sagas = sagas + ?, rows = rows + ?, last_n = ?, "
                    "last_position = ?"),
      sagas_(cached_sagas_max) {
  committed_.position = last_number(connection, "last_position", "position", "journal");
  // Rows may be left of a saga whose own row is lost: their number is taken, too.
  committed_.n = std::max({last_number(connection, "last_n", "n", "sagas"),
                           last_number(connection, "last_n", "saga", "journal"),
                           last_number(connection, "last_n", "saga", "snapshots")});
  sqlite::Statement newest(
      connection, "SELECT max(id) FROM sagas WHERE typeof(id) = 'blob' AND length(id) = 16");
  auto rows = newest.rows();
  if (rows.next() && rows.bytes(0).size() == 16) {
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(rows.bytes(0).begin(), 16, bytes.begin());
    committed_.newest = SagaId(bytes);
  }
  marks_ = committed_;
}

Position BatchWriter::write(const Batch& batch) {
  write_summaries(batch.summaries);
  const Position first = marks_.position + (batch.appends.empty() ? 0 : 1);
  journal_.insert(std::span{batch.appends}, appending,
                  [this](sqlite::Statement& statement, int before, const JournalAppend& row,
                         std::size_t i) { bind_row(statement, before, row, bodies_[i]); });
  for (std::string& body : bodies_) {
    if (body.capacity() > kept_body_bytes) std::string().swap(body);  // Assigning keeps it.
  }
  for (const SagaSnapshot& snapshot : batch.snapshots) write_snapshot(snapshot);
  for (const QuarantinedMessage& message : batch.quarantined) quarantine_.write(message);
  for (const auto& [channel, position] : batch.watermarks) {
    watermark_.bind_text(1, channel);
    watermark_.bind(2, position);
    watermark_.run();
  }
  for (const auto& [name, state] : batch.participants) {
    participant_.bind_text(1, name);
    participant_.bind_text(2, state);
    participant_.run();
  }
  return first;
}

void BatchWriter::remove(const std::vector<SagaId>& sagas, std::uint64_t rows) {
  std::int64_t removed = 0;
  for (const SagaId& id : sagas) {
    const KnownSaga* known = find(id);
    if (known == nullptr) throw_misuse(fmt::format("there is no saga {}", id.to_string()));
    remove_rows_.bind(1, known->n);
    remove_rows_.run("purge a journal");
    removed += connection_.changes();
    snapshots_.remove(known->n);
    remove_saga_.bind(1, known->n);
    remove_saga_.run("purge a saga");
    sagas_.drop(id);
  }
  if (removed != static_cast<std::int64_t>(rows)) {
    throw_misuse(fmt::format("{} journal rows were to go, and {} were there", rows, removed));
  }
  count_purged_.bind(1, static_cast<std::int64_t>(sagas.size()));
  count_purged_.bind(2, removed);
  count_purged_.bind(3, marks_.n);
  count_purged_.bind(4, marks_.position);
  count_purged_.run("purge");
}

void BatchWriter::committed() { committed_ = marks_; }

void BatchWriter::rolled_back() {
  marks_ = committed_;
  sagas_.clear();
  used_.clear();
  quarantine_.recount();
}

KnownSaga* BatchWriter::find(const SagaId& id) {
  if (KnownSaga* known = sagas_.find(id)) return known;
  // Ids sort by creation, so most new sagas are beyond all that are stored.
  if (id > marks_.newest) return nullptr;
  find_.bind_raw(1, id.bytes());
  auto rows = find_.rows();
  if (!rows.next()) return nullptr;
  KnownSaga known;
  known.n = rows.int64(0);
  known.version = static_cast<std::uint64_t>(rows.int64(1));
  known.holds_key = !rows.is_null(2);
  known.error = error_mark(rows.bytes(3), rows.bytes(4));
  return &sagas_.keep(id, known);
}

void BatchWriter::write_summaries(const std::vector<SagaSummary>& summaries) {
  const std::int64_t last_before = marks_.n;
  std::vector<const SagaSummary*> added;
  std::vector<const SagaSummary*> again;  // Of sagas that the batch adds.
  // A key that one saga gives up and another takes in the same batch must be given up first.
  for (const bool holds_key : {false, true}) {
    for (const SagaSummary& summary : summaries) {
      if (summary.holds_key != holds_key) continue;
      KnownSaga* known = find(summary.id);
      if (known == nullptr) {
        added.push_back(&summary);
        note_new(summary);
      } else if (known->n > last_before && known->n <= marks_.n) {
        again.push_back(&summary);
      } else {
        update(summary, *known);
      }
    }
  }
  std::int64_t n = last_before;
  sagas_table_.insert(std::span{added}, writing_a_saga,
                      [&n](sqlite::Statement& row, int before, const SagaSummary* summary,
                           std::size_t) { bind_summary(row, before, ++n, *summary); });
  // Not before: find() need not ask the tables for what is newer than all that was stored.
  for (const SagaSummary* summary : added) marks_.newest = std::max(marks_.newest, summary->id);
  for (const SagaSummary* summary : again) update(*summary, *find(summary->id));
}

void BatchWriter::note_new(const SagaSummary& summary) {
  mark_used(summary.definition);
  ++marks_.n;
  sagas_.keep(summary.id,
              {marks_.n, 0, summary.holds_key, error_mark(summary.error_step, summary.error_code)});
}

void BatchWriter::update(const SagaSummary& summary, KnownSaga& known) {
  const std::uint64_t error = error_mark(summary.error_step, summary.error_code);
  // Naming a column in an UPDATE rewrites its index entries, changed or not.
  const bool plain = summary.holds_key == known.holds_key && error == known.error;
  sqlite::Statement& statement = plain ? update_ : update_all_;
  statement.bind(1, known.n);
  statement.bind(2, static_cast<std::int64_t>(summary.status));
  statement.bind(3, summary.paused);
  statement.bind(4, summary.forced);
  statement.bind(5, summary.contradicted);
  statement.bind(6, static_cast<std::int64_t>(summary.version));
  statement.bind(7, ms(summary.updated_at));
  bind_time(statement, 8, summary.ended_at);
  bind_id(statement, 9, summary.replayed_by);
  if (!plain) {
    bind_flag_or_null(statement, 10, summary.holds_key);
    bind_unless_empty(statement, 11, summary.error_step);
    bind_unless_empty(statement, 12, summary.error_code);
  }
  statement.run(writing_a_saga);
  if (connection_.changes() == 0) return;  // the row is newer
  known.holds_key = summary.holds_key;
  known.error = error;
}

void BatchWriter::mark_used(const Digest& definition) {
  if (!used_.insert(definition).second) return;
  mark_used_.bind_raw(1, definition.bytes());
  mark_used_.run();
}

void BatchWriter::bind_row(sqlite::Statement& statement, int before, const JournalAppend& row,
                           std::string& body) {
  KnownSaga* known = find(row.saga);
  if (known == nullptr) throw_no_summary(row.saga);
  if (row.version != known->version + 1) {
    throw_version_gap(row.saga, known->version, row.version);
  }
  encode_body(row.saga, row.version, row.at, row.events, body);
  statement.bind(before + 1, marks_.position + 1);
  statement.bind(before + 2, known->n);
  statement.bind(before + 3, static_cast<std::int64_t>(row.version));
  statement.bind(before + 4, ms(row.at));
  statement.bind_blob(before + 5, body);
  ++marks_.position;
  known->version = row.version;
}

void BatchWriter::write_snapshot(const SagaSnapshot& snapshot) {
  const KnownSaga* known = find(snapshot.saga.id);
  if (known == nullptr || known->version != snapshot.saga.version) {
    throw_untimely_snapshot(snapshot.saga, known == nullptr ? 0 : known->version);
  }
  snapshots_.write(known->n, snapshot);
}

}  // namespace skald
