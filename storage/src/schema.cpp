#include "schema.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <random>

#include "skald/crash_point.hpp"
#include "skald/error.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace skald {
namespace {

// What a transition costs is how many index pages it touches: a journal row has one index, a saga's
// row three, and a fourth with a key. Completed sagas, nearly all there are, leave sagas_by_status,
// so that the few others are found at once. In sagas_by_key a NULL in holds_key stands for "handed
// over": NULLs never collide.
constexpr const char* create_version_1 = R"sql(
CREATE TABLE meta (
  engine_id  TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  epoch      INTEGER NOT NULL
);
CREATE TABLE definitions (
  digest      BLOB    NOT NULL PRIMARY KEY,
  type        TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  normal_form TEXT    NOT NULL,
  used        INTEGER NOT NULL DEFAULT 0,
  UNIQUE (type, version)
);
CREATE TABLE sagas (
  n                  INTEGER PRIMARY KEY,
  id                 BLOB    NOT NULL,
  type               TEXT    NOT NULL,
  definition_version INTEGER NOT NULL,
  definition         BLOB    NOT NULL,
  key                TEXT,
  holds_key          INTEGER,
  status             INTEGER NOT NULL,
  paused             INTEGER NOT NULL,
  forced             INTEGER NOT NULL,
  contradicted       INTEGER NOT NULL,
  version            INTEGER NOT NULL,
  started_at         INTEGER NOT NULL,
  updated_at         INTEGER NOT NULL,
  ended_at           INTEGER,
  replay_of          BLOB,
  replayed_by        BLOB,
  error_step         TEXT,
  error_code         TEXT
);
CREATE UNIQUE INDEX sagas_by_id ON sagas (id);
CREATE UNIQUE INDEX sagas_by_key ON sagas (key, type, holds_key) WHERE key IS NOT NULL;
CREATE INDEX sagas_by_status ON sagas (status, id) WHERE status <> 4;
CREATE INDEX sagas_by_error ON sagas (error_code, id) WHERE error_code IS NOT NULL;
CREATE TABLE journal (
  position INTEGER PRIMARY KEY,
  saga     INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  body     BLOB    NOT NULL
);
CREATE UNIQUE INDEX journal_by_saga ON journal (saga, version);
CREATE TABLE quarantine (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  channel TEXT    NOT NULL,
  reason  TEXT    NOT NULL,
  detail  TEXT    NOT NULL,
  saga    TEXT    NOT NULL,
  headers TEXT    NOT NULL,
  body    BLOB    NOT NULL
);
CREATE TABLE watermarks (
  channel  TEXT    NOT NULL PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

// Where participants stand with their policies.
constexpr const char* create_version_2 = R"sql(
CREATE TABLE participants (
  name  TEXT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL
) WITHOUT ROWID;
)sql";

// What purges took away, so that numbers are never given twice and what is left can be counted and
// checked; and the sagas of one type, newest first, among millions of others.
constexpr const char* create_version_3 = R"sql(
CREATE TABLE purged (
  sagas         INTEGER NOT NULL,
  rows          INTEGER NOT NULL,
  last_n        INTEGER NOT NULL,
  last_position INTEGER NOT NULL
);
INSERT INTO purged VALUES (0, 0, 0, 0);
CREATE INDEX sagas_by_type ON sagas (type, id);
)sql";

// Sagas as they were at some version, so that long journals need not be read from the beginning.
constexpr const char* create_version_4 = R"sql(
CREATE TABLE snapshots (
  saga    INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  state   BLOB    NOT NULL
);
)sql";

constexpr std::array migrations{create_version_1, create_version_2, create_version_3,
                                create_version_4};
static_assert(migrations.size() == schema_version);

std::string random_engine_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

void describe_new_store(sqlite::Connection& connection) {
  using namespace std::chrono;
  const std::string engine_id = random_engine_id();
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch());
  sqlite::Statement insert(connection, "INSERT INTO meta VALUES (?, ?, 0)");
  insert.bind_text(1, engine_id);
  insert.bind(2, now.count());
  insert.run();
}

[[noreturn]] void throw_foreign(const sqlite::Connection& connection) {
  throw StoreError(StoreError::Kind::not_a_store,
                   fmt::format("{} is not a Skald store but another program's file; it was left as "
                               "it is; give the path of a store",
                               connection.path()));
}

}  // namespace

FileState examine(sqlite::Connection& connection) {
  const std::int64_t application = connection.ask("PRAGMA application_id");
  const std::int64_t version = connection.ask("PRAGMA user_version");
  if (application == 0 && version == 0) {
    // A crash between creating the file and its tables leaves it empty, which is as good as new.
    if (connection.ask("SELECT count(*) FROM sqlite_master") == 0) return FileState::empty;
    throw_foreign(connection);
  }
  if (application != application_id) throw_foreign(connection);
  if (version > schema_version) {
    throw StoreError(StoreError::Kind::newer,
                     fmt::format("{} was written by a newer version of Skald (schema {}, this one "
                                 "knows {}); nothing was changed; use that version or a newer one",
                                 connection.path(), version, schema_version));
  }
  return FileState::store;
}

void bring_up_to_date(sqlite::Connection& connection) {
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::write);
  const bool is_new = examine(connection) == FileState::empty;
  const std::int64_t from = connection.ask("PRAGMA user_version");
  for (auto step = static_cast<std::size_t>(from); step < migrations.size(); ++step) {
    connection.run(migrations[step], "create the tables");
  }
  if (is_new) {
    connection.run(fmt::format("PRAGMA application_id = {}", application_id), "mark the store");
    describe_new_store(connection);
  }
  if (from != schema_version) {
    connection.run(fmt::format("PRAGMA user_version = {}", schema_version), "mark the store");
  }
  // A store that was up to date already has nothing to commit here.
  const bool changes = from != schema_version;
  if (changes) crash_point(CrashPoint::schema_before_commit);
  transaction.commit();
  if (changes) crash_point(CrashPoint::schema_after_commit);
}

}  // namespace skald
