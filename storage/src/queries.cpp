#include "queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "event_codec.hpp"
#include "filter_sql.hpp"
#include "id_range.hpp"
#include "purge_choice.hpp"
#include "skald/text.hpp"
#include "snapshot_table.hpp"

namespace skald {
namespace {

[[noreturn]] void throw_corrupt(std::string_view what) {
  throw StoreError(StoreError::Kind::corrupt,
                   fmt::format("the store is damaged: {}; restore it from a backup", what));
}

template <class Id, std::size_t size>
Id read_id(std::string_view bytes) {
  if (bytes.size() != size) throw_corrupt("an id has a wrong length");
  std::array<std::uint8_t, size> array{};
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return Id(array);
}

SagaId saga_id(std::string_view bytes) { return read_id<SagaId, 16>(bytes); }

Time read_time(const sqlite::Rows& rows, int column) { return Time(Duration(rows.int64(column))); }

std::int64_t row_limit(std::size_t limit) {
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(limit, most));
}

std::optional<SagaId> linked_id(const sqlite::Rows& rows, int column) {
  if (rows.bytes(column).size() != 16) return std::nullopt;
  return saga_id(rows.bytes(column));
}

std::uint64_t not_negative(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

std::vector<Event> read_events(const SagaId& id, const JournalRow& row, std::string_view body) {
  try {
    return decode_body(id, row.version, row.at, body);
  } catch (const StoreError& error) {
    throw StoreError(error.kind(),
                     fmt::format("saga {}, journal version {} (position {}): {}", id.to_string(),
                                 row.version, row.position, error.what()));
  }
}

/// All of them that can be told as summaries; `store check` names the others.
std::vector<SagaSummary> read_summaries(sqlite::Statement& statement) {
  std::vector<SagaSummary> sagas;
  auto rows = statement.rows();
  while (rows.next()) {
    if (auto summary = read_summary(rows)) sagas.push_back(*std::move(summary));
  }
  return sagas;
}

}  // namespace

std::optional<SagaSummary> read_summary(const sqlite::Rows& rows) {
  // Its type is asked first, since reading a number converts what is there.
  const bool is_number = rows.is_integer(6);
  const std::int64_t status = rows.int64(6);
  const bool told = rows.bytes(0).size() == 16 && is_number && status >= 0 &&
                    status < static_cast<std::int64_t>(status_count);
  if (!told) return std::nullopt;
  SagaSummary summary;
  summary.id = saga_id(rows.bytes(0));
  summary.type = rows.bytes(1);
  const std::uint64_t definition_version = not_negative(rows.int64(2));
  if (definition_version <= UINT32_MAX) {
    summary.definition_version = static_cast<std::uint32_t>(definition_version);
  }
  if (rows.bytes(3).size() == 32) summary.definition = read_id<Digest, 32>(rows.bytes(3));
  if (!rows.is_null(4)) summary.key = std::string(rows.bytes(4));
  summary.holds_key = !rows.is_null(5);
  summary.status = static_cast<Status>(status);
  summary.paused = rows.int64(7) != 0;
  summary.forced = rows.int64(8) != 0;
  summary.contradicted = rows.int64(9) != 0;
  summary.version = not_negative(rows.int64(10));
  summary.started_at = read_time(rows, 11);
  summary.updated_at = read_time(rows, 12);
  if (!rows.is_null(13)) summary.ended_at = read_time(rows, 13);
  summary.replay_of = linked_id(rows, 14);
  summary.replayed_by = linked_id(rows, 15);
  summary.error_step = rows.bytes(16);
  summary.error_code = rows.bytes(17);
  return summary;
}

Queries::Queries(sqlite::Connection& connection)
    : connection_(connection),
      schema_(connection.ask("PRAGMA user_version")),
      summary_(connection, fmt::format("SELECT {} FROM sagas WHERE id = ?", summary_columns)),
      journal_(connection,
               "SELECT position, version, at, body FROM journal "
               "WHERE saga = (SELECT n FROM sagas WHERE id = ?) AND version > ? ORDER BY version"),
      last_version_(connection,
                    fmt::format("SELECT ({}) FROM sagas WHERE id = ?", last_version_of_n)),
      key_holder_(connection,
                  "SELECT id FROM sagas INDEXED BY sagas_by_key "
                  "WHERE key = ? AND type = ? AND holds_key = 1") {}

std::optional<SagaSummary> Queries::summary(const SagaId& id) {
  summary_.bind_raw(1, id.bytes());
  auto rows = summary_.rows();
  if (!rows.next()) return std::nullopt;
  auto summary = read_summary(rows);
  if (!summary) {
    throw_corrupt(fmt::format("the row of saga {} has an impossible status", id.to_string()));
  }
  return summary;
}

std::vector<SagaId> Queries::find_by_prefix(std::string_view prefix, std::size_t limit) {
  std::vector<SagaId> ids;
  const auto range = id_range(prefix);
  if (!range) return ids;
  sqlite::Statement statement(connection_,
                              "SELECT id FROM sagas WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?");
  statement.bind_raw(1, range->first.bytes());
  statement.bind_raw(2, range->last.bytes());
  statement.bind(3, row_limit(limit));
  auto rows = statement.rows();
  while (rows.next()) {
    if (rows.bytes(0).size() == 16) ids.push_back(saga_id(rows.bytes(0)));
  }
  return ids;
}

std::vector<JournalRow> Queries::journal(const SagaId& id, std::uint64_t after_version) {
  std::vector<JournalRow> journal;
  if (after_version > version_max) return journal;
  journal_.bind_raw(1, id.bytes());
  journal_.bind(2, static_cast<std::int64_t>(after_version));
  auto rows = journal_.rows();
  while (rows.next()) {
    JournalRow row;
    row.position = rows.int64(0);
    row.version = static_cast<std::uint64_t>(rows.int64(1));
    row.at = read_time(rows, 2);
    if (row.version != after_version + journal.size() + 1) {
      throw_corrupt(fmt::format("the journal of saga {} lacks version {}", id.to_string(),
                                after_version + journal.size() + 1));
    }
    row.events = read_events(id, row, rows.bytes(3));
    journal.push_back(std::move(row));
  }
  return journal;
}

std::optional<SagaSnapshot> Queries::snapshot(const SagaId& id) {
  return read_snapshot(connection_, schema_, id);
}

std::optional<std::uint64_t> Queries::last_version(const SagaId& id) {
  last_version_.bind_raw(1, id.bytes());
  auto rows = last_version_.rows();
  if (!rows.next()) return std::nullopt;
  return static_cast<std::uint64_t>(rows.int64(0));
}

std::vector<SagaSummary> Queries::list(const SagaFilter& filter, const Cursor& cursor,
                                       std::size_t limit) {
  const FilterQuery query = list_query(filter, cursor, limit, schema_);
  sqlite::Statement statement(connection_, query.sql);
  query.bind_to(statement);
  return read_summaries(statement);
}

std::uint64_t Queries::count(const SagaFilter& filter) {
  const FilterQuery query = count_query(filter, schema_);
  sqlite::Statement statement(connection_, query.sql);
  query.bind_to(statement);
  auto rows = statement.rows();
  return rows.next() ? static_cast<std::uint64_t>(rows.int64(0)) : 0;
}

std::vector<SagaSummary> Queries::purge_candidates(const PurgeSlice& slice) {
  const SagaId before = first_too_young(slice);
  sqlite::Statement statement(
      connection_,
      fmt::format("SELECT {} FROM sagas INDEXED BY sagas_by_id WHERE id > ? AND id < ? "
                  "ORDER BY id LIMIT ?",
                  summary_columns));
  statement.bind_raw(1, slice.after.bytes());
  statement.bind_raw(2, before.bytes());
  statement.bind(3, row_limit(slice.sagas_max));
  return read_summaries(statement);
}

std::vector<QuarantinedMessage> Queries::quarantine(std::int64_t after, std::size_t limit) {
  sqlite::Statement statement(connection_,
                              "SELECT number, at, channel, reason, detail, saga, headers, body "
                              "FROM quarantine WHERE number > ? ORDER BY number LIMIT ?");
  statement.bind(1, after);
  statement.bind(2, row_limit(limit));
  std::vector<QuarantinedMessage> messages;
  auto rows = statement.rows();
  while (rows.next()) {
    QuarantinedMessage message;
    message.number = rows.int64(0);
    message.at = read_time(rows, 1);
    message.channel = rows.bytes(2);
    message.reason = rows.bytes(3);
    message.detail = rows.bytes(4);
    message.saga = rows.bytes(5);
    message.headers = rows.bytes(6);
    message.body = rows.bytes(7);
    messages.push_back(std::move(message));
  }
  return messages;
}

std::optional<SagaId> Queries::key_holder(const std::string& type, const std::string& key) {
  key_holder_.bind_text(1, key);
  key_holder_.bind_text(2, type);
  auto rows = key_holder_.rows();
  if (!rows.next()) return std::nullopt;
  if (rows.bytes(0).size() != 16) {
    throw_corrupt(fmt::format("the id of the saga that holds the key '{}' of type {} is damaged",
                              escape_controls(key), escape_controls(type)));
  }
  return saga_id(rows.bytes(0));
}

void Queries::each_unfinished(const std::function<void(const SagaSummary&)>& visit) {
  const FilterQuery query = unfinished_query();
  sqlite::Statement statement(connection_, query.sql);
  query.bind_to(statement);
  auto rows = statement.rows();
  while (rows.next()) {
    if (const auto summary = read_summary(rows)) visit(*summary);
  }
}

std::map<std::string, std::string> Queries::participant_states() {
  std::map<std::string, std::string> states;
  if (connection_.ask("SELECT count(*) FROM sqlite_schema WHERE name = 'participants'") == 0) {
    return states;
  }
  sqlite::Statement statement(connection_, "SELECT name, state FROM participants");
  auto rows = statement.rows();
  while (rows.next()) states.emplace(rows.bytes(0), rows.bytes(1));
  return states;
}

Position Queries::watermark(const std::string& channel) {
  sqlite::Statement statement(connection_, "SELECT position FROM watermarks WHERE channel = ?");
  statement.bind_text(1, channel);
  auto rows = statement.rows();
  return rows.next() ? rows.int64(0) : 0;
}

std::string Queries::engine_id() {
  sqlite::Statement statement(connection_, "SELECT engine_id FROM meta");
  auto rows = statement.rows();
  if (!rows.next()) throw_corrupt("it does not say whose it is");
  return std::string(rows.bytes(0));
}

}  // namespace skald
