#include "skald/participant_database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "skald/text.hpp"

namespace skald {
namespace {

constexpr int busy_timeout_ms = 10'000;

[[noreturn]] void fail(sqlite3* database, const std::string& operation) {
  const int code = sqlite3_extended_errcode(database) & 0xff;
  throw ParticipantError(
      "participant database: " + operation + " failed: " + sqlite3_errmsg(database),
      code == SQLITE_BUSY || code == SQLITE_LOCKED);
}

// SQLite would create the file by the umask; orders and payments are nobody else's business.
void create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) throw ParticipantError("cannot open the participant database " + path, false);
  ::close(file);
}

}  // namespace

void ParticipantDatabase::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

ParticipantDatabase::ParticipantDatabase(const std::string& path, Access access) {
  // The system would take the name to end there, and open another file.
  if (path.find('\0') != std::string::npos) {
    throw ParticipantError("the path of the participant database '" + escape_controls(path) +
                               "' holds a zero byte; give the path of a file",
                           false);
  }
  const bool in_memory = path == ":memory:";
  if (access == Access::write && !in_memory) create_private(path);
  const int mode = access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, mode | SQLITE_OPEN_FULLMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    throw ParticipantError("cannot open the participant database " + path + ": " +
                               (handle ? sqlite3_errmsg(handle) : "out of memory"),
                           false);
  }
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  if (access == Access::read) return;
  run_script(handle, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA");
}

SqlStatement::SqlStatement(sqlite3* database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK) {
    fail(database, std::string(sql));
  }
  statement_.reset(statement);
}

void SqlStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

bool SqlStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(database_, sqlite3_sql(statement_.get()));
}

bool SqlStatement::run_quietly() noexcept {
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement_.get());
  sqlite3_reset(statement_.get());
  return code == SQLITE_DONE;
}

void SqlStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqlStatement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqlStatement::bind_one(int place, std::string_view value) {
  // A view without data would bind NULL instead of the empty text.
  const char* data = value.data() == nullptr ? "" : value.data();
  if (sqlite3_bind_text(statement_.get(), place, data, static_cast<int>(value.size()),
                        SQLITE_TRANSIENT) != SQLITE_OK) {
    fail(database_, "binding a text");
  }
}

void SqlStatement::bind_integer(int place, std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), place, value) != SQLITE_OK) {
    fail(database_, "binding a number");
  }
}

SqlTransaction::SqlTransaction(sqlite3* database)
    : database_(database), rollback_(database, "ROLLBACK") {
  run_script(database, "BEGIN IMMEDIATE");
}

SqlTransaction::~SqlTransaction() {
  // Left open, it would be in the way of every other on this connection. A failure that is reported
  // by a rollback is one of clearing up; the transaction is over all the same.
  if (sqlite3_get_autocommit(database_) == 0) static_cast<void>(rollback_.run_quietly());
}

void SqlTransaction::commit() { run_script(database_, "COMMIT"); }

void run_script(sqlite3* database, const std::string& sql) {
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail(database, sql);
  }
}

std::int64_t run_sql(sqlite3* database, SqlStatement& statement) {
  while (statement.step()) {
  }
  const std::int64_t changed = sqlite3_changes64(database);
  statement.reset();
  return changed;
}

}  // namespace skald
