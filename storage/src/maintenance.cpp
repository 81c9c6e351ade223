#include "maintenance.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>

#include "event_codec.hpp"
#include "files.hpp"
#include "schema.hpp"
#include "skald/crash_point.hpp"
#include "sqlite/error.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace skald {
namespace {

constexpr std::size_t problems_max = 100;
constexpr int slice_pages = 1'024;  // Of a gentle backup.
constexpr int pause_factor = 3;     // Of the time that a slice took.

void check_with_sqlite(sqlite::Connection& connection, std::vector<std::string>& problems) {
  sqlite::Statement statement(connection, "PRAGMA integrity_check");
  auto rows = statement.rows();
  while (rows.next()) {
    if (rows.bytes(0) != "ok") problems.emplace_back(rows.bytes(0));
  }
}

/// Walks the journal saga by saga, in order of version.
void check_journal(sqlite::Connection& connection, std::vector<std::string>& problems) {
  sqlite::Statement statement(
      connection,
      "SELECT j.saga, j.version, j.at, j.body, s.id, j.position FROM journal j INDEXED BY "
      "journal_by_saga LEFT JOIN sagas s ON s.n = j.saga ORDER BY j.saga, j.version");
  auto rows = statement.rows();
  std::int64_t saga = -1;
  std::int64_t version = 0;
  while (rows.next() && problems.size() < problems_max) {
    version = rows.int64(0) == saga ? version + 1 : 1;
    saga = rows.int64(0);
    const std::string_view id_bytes = rows.bytes(4);
    if (id_bytes.size() != 16) {
      problems.push_back(fmt::format("journal row {} belongs to no saga", rows.int64(5)));
      continue;
    }
    std::array<std::uint8_t, 16> bytes{};
    std::copy(id_bytes.begin(), id_bytes.end(), bytes.begin());
    const SagaId id(bytes);
    if (rows.int64(1) != version) {
      problems.push_back(fmt::format("saga {} lacks journal version {}", id.to_string(), version));
      version = rows.int64(1);
    }
    try {
      static_cast<void>(decode_body(id, static_cast<std::uint64_t>(rows.int64(1)),
                                    Time(Duration(rows.int64(2))), rows.bytes(3)));
    } catch (const StoreError& error) {
      problems.push_back(fmt::format("saga {}, journal version {}: {}", id.to_string(),
                                     rows.int64(1), error.what()));
    }
  }
}

void check_rest(sqlite::Connection& connection, std::vector<std::string>& problems) {
  if (connection.ask("SELECT count(*) FROM sagas WHERE n NOT IN (SELECT saga FROM journal)") != 0) {
    problems.emplace_back("some sagas have no journal");
  }
  if (connection.ask("SELECT count(*) FROM meta") != 1) {
    problems.emplace_back("the store does not say whose it is");
  }
  const bool purges = connection.ask("PRAGMA user_version") >= schema_with_purges;
  const std::int64_t gaps =
      connection.ask(purges ? "SELECT max(last_position, (SELECT coalesce(max(position), 0) FROM "
                              "journal)) - rows - (SELECT count(*) FROM journal) FROM purged"
                            : "SELECT max(position) - min(position) + 1 - count(*) FROM journal");
  if (gaps != 0) problems.push_back(fmt::format("the journal lacks {} positions", gaps));
  if (!purges) return;
  const std::int64_t sagas = connection.ask(
      "SELECT max(last_n, (SELECT coalesce(max(n), 0) FROM sagas)) - sagas - "
      "(SELECT count(*) FROM sagas) FROM purged");
  if (sagas != 0) problems.push_back(fmt::format("the store lacks {} sagas", sagas));
}

/// Slice by slice, with pauses for whoever works on the store. The transaction holds one state of
/// it all the while, so nothing has to be begun anew.
void copy_gently(sqlite::Connection& from, sqlite3_backup* backup, const std::string& target) {
  using Clock = std::chrono::steady_clock;
  const sqlite::Transaction one_state(from, sqlite::Transaction::Kind::read);
  (void)from.ask("SELECT count(*) FROM meta");  // It begins with the first look.
  const FileDescriptor file(::open(target.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_system_error(errno, "open " + target);
  for (;;) {
    const auto begin = Clock::now();
    if (sqlite3_backup_step(backup, slice_pages) != SQLITE_OK) return;  // The end, or a failure.
    // Not all at the end: the disk has one queue.
    if (::fdatasync(file.get()) != 0) throw_system_error(errno, "write to " + target);
    std::this_thread::sleep_for(pause_factor * (Clock::now() - begin));
  }
}

/// The pages of one database, written to another that nobody else has open.
void copy_pages(sqlite::Connection& from, const std::string& target, BackupPace pace) {
  sqlite::Connection to(target, sqlite::Connection::Access::read_write);
  sqlite3_backup* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) {
    sqlite::throw_error(to.handle(), sqlite3_errcode(to.handle()), "back up to " + target);
  }
  std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> owned(backup, sqlite3_backup_finish);
  if (pace == BackupPace::gentle) {
    copy_gently(from, backup, target);
  } else {
    // All pages in one step: the copy is one state of the store, and a writer in another process
    // goes on meanwhile.
    sqlite3_backup_step(backup, -1);
  }
  const int code = sqlite3_backup_finish(owned.release());
  to.check(code, "back up to " + target);
}

}  // namespace

std::vector<std::string> check_file(sqlite::Connection& connection) {
  sqlite::Transaction one_state(connection, sqlite::Transaction::Kind::read);
  std::vector<std::string> problems;
  check_with_sqlite(connection, problems);
  // Rows of a file whose pages are broken tell nothing.
  if (!problems.empty()) return problems;
  check_journal(connection, problems);
  check_rest(connection, problems);
  return problems;
}

void backup_file(sqlite::Connection& connection, const std::string& target, BackupPace pace) {
  const std::string partial = target + ".partial";
  if (std::filesystem::exists(target)) {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("{} exists already; give the backup another name", target));
  }
  if (!create_private_file(partial)) {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("{} exists already: another backup is being made, or one was "
                                 "broken off; remove it and try again",
                                 partial));
  }
  try {
    copy_pages(connection, partial, pace);
    crash_point(CrashPoint::backup_copied);
    publish_file(partial, target);
  } catch (const Error&) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
}

}  // namespace skald
