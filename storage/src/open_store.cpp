#include "open_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "files.hpp"
#include "schema.hpp"
#include "skald/crash_point.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"
#include "store_files.hpp"

namespace skald {
namespace {

constexpr std::int64_t owner_cache_kib = 32 * 1024;
constexpr std::int64_t reader_cache_kib = 8 * 1024;
/// The WAL shrinks to this once a checkpoint has emptied it, however far a long reader let it grow.
constexpr std::int64_t wal_bytes_kept = 64 * 1024 * 1024;

void require_wal(sqlite::Connection& connection) {
  sqlite::Statement statement(connection, "PRAGMA journal_mode = WAL");
  auto rows = statement.rows();
  if (!rows.next() || rows.bytes(0) != "wal") {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("{} cannot use a write-ahead log; put the store on a local file "
                                 "system",
                                 connection.path()));
  }
}

void keep_wal_files(sqlite::Connection& connection) {
  // Readers without the right to create files beside the store need them also when nobody owns it.
  int keep = 1;
  connection.check(
      sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_PERSIST_WAL, &keep),
      "keep the WAL");
}

void configure_owner(sqlite::Connection& connection) {
  // Checkpoints are made by the store itself, which must learn of their failures.
  connection.run(fmt::format("PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;"
                             "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = {};"
                             "PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY;"
                             "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON",
                             wal_bytes_kept, owner_cache_kib),
                 "configure the store");
}

void limit_size(sqlite::Connection& connection, std::uint64_t bytes) {
  const auto page = static_cast<std::uint64_t>(connection.ask("PRAGMA page_size"));
  const std::uint64_t pages = std::clamp<std::uint64_t>(bytes / page, 1, 0xFFFFFFFE);
  connection.run(fmt::format("PRAGMA max_page_count = {}", pages), "limit the store's size");
}

void raise_epoch(sqlite::Connection& connection) {
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::write);
  connection.run("UPDATE meta SET epoch = epoch + 1", "take the store over");
  crash_point(CrashPoint::epoch_before_commit);
  transaction.commit();
  crash_point(CrashPoint::store_opened);
}

// SQLite takes an empty file for a new one and drops the log beside it.
void refuse_emptied(const std::string& path) {
  constexpr std::uintmax_t smallest_page = 512;
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error || bytes >= smallest_page) return;
  // They are made after the file has its first page, and kept on close.
  const bool was_a_store =
      std::filesystem::exists(path + "-wal") || std::filesystem::exists(path + "-shm");
  if (!was_a_store) return;
  throw StoreError(StoreError::Kind::corrupt,
                   fmt::format("{} was a store and is cut off at {} bytes; nothing was changed; "
                               "keep a copy of the files, and restore the store from a backup",
                               path, bytes));
}

// A reader shares the log's index with the owner. Where neither is there nor can be made, as for a
// backup on read-only media, nobody can write either, and the file is all there is.
sqlite::Connection::Access reading_access(const std::string& path) {
  using Access = sqlite::Connection::Access;
  const std::string log = path + "-wal";
  const bool has_log = is_there(log);
  const bool has_index = is_there(path + "-shm");
  if ((has_log && has_index) || may_create_beside(path)) return Access::read_only;
  std::error_code error;
  if (!has_log || std::filesystem::file_size(log, error) == 0) return Access::immutable;
  throw StoreError(StoreError::Kind::failed,
                   fmt::format("{} holds commits that are not in {} yet, and reading them needs a "
                               "folder in which {}-shm can be made; copy the store with its -wal "
                               "to one that you may write to, and read that",
                               log, path, path));
}

}  // namespace

void require_store_file(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error && status.type() != std::filesystem::file_type::not_found) {
    throw_path_error(error.value(), "look for the store at " + path, path);
  }
  if (!std::filesystem::exists(status)) {
    throw StoreError(StoreError::Kind::not_a_store,
                     fmt::format("there is no store at {}; check the path, or create the store by "
                                 "starting an engine on it",
                                 path));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw StoreError(StoreError::Kind::not_a_store,
                     fmt::format("{} is not a file; give the path of a store", path));
  }
}

std::unique_ptr<sqlite::Connection> open_as_owner(const std::string& path,
                                                  const SqliteOptions& options) {
  if (!create_private_file(path)) {
    require_store_file(path);
    require_right(path, R_OK);
    require_right(path, W_OK);
    refuse_emptied(path);
  }
  crash_point(CrashPoint::store_created);
  auto connection =
      std::make_unique<sqlite::Connection>(path, sqlite::Connection::Access::read_write);
  // Closing another program's WAL database would checkpoint it; that file stays as it is.
  sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (examine(*connection) == FileState::empty) {
    // Must be said before the first table is made; lets a purge give space back page by page.
    connection->run("PRAGMA auto_vacuum = INCREMENTAL", "create the store");
  }
  require_wal(*connection);
  keep_wal_files(*connection);
  configure_owner(*connection);
  bring_up_to_date(*connection);
  if (options.size_limit) limit_size(*connection, *options.size_limit);
  raise_epoch(*connection);
  sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return connection;
}

std::unique_ptr<sqlite::Connection> open_to_read(const std::string& path) {
  require_store_file(path);
  require_right(path, R_OK);
  require_plain_files_beside(path);
  auto connection = std::make_unique<sqlite::Connection>(path, reading_access(path));
  if (examine(*connection) == FileState::empty) {
    throw StoreError(StoreError::Kind::not_a_store,
                     fmt::format("{} is empty; check the path, or start an engine on it", path));
  }
  connection->run(fmt::format("PRAGMA cache_size = -{}; PRAGMA temp_store = MEMORY; "
                              "PRAGMA query_only = ON; PRAGMA cell_size_check = ON",
                              reader_cache_kib),
                  "configure the reader");
  return connection;
}

}  // namespace skald
