#include "old_store.hpp"

#include <sqlite3.h>

#include "skald/error.hpp"

namespace skald::faults {
namespace {

/// The problem, or nothing.
std::string run(const std::string& path, const std::string& sql) {
  sqlite3* store = nullptr;
  const bool done =
      sqlite3_open_v2(path.c_str(), &store, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_exec(store, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  std::string problem = done ? "" : sqlite3_errmsg(store);
  sqlite3_close(store);
  return problem;
}

}  // namespace

void edit_store(const std::string& path, const std::string& sql) {
  const std::string problem = run(path, sql);
  if (!problem.empty()) throw Error("cannot edit the store: " + problem);
}

void make_store_old(const std::string& path) {
  const std::string problem = run(path,
                                  "BEGIN; DROP TABLE IF EXISTS participants; "
                                  "DROP TABLE IF EXISTS purged; DROP TABLE IF EXISTS snapshots; "
                                  "DROP INDEX IF EXISTS sagas_by_type; "
                                  "UPDATE meta SET epoch = epoch; PRAGMA user_version = 1; COMMIT");
  if (!problem.empty() && problem.find("no such table") == std::string::npos) {
    throw Error("cannot make an old store: " + problem);
  }
}

void make_store_newer(const std::string& path, bool back) {
  constexpr int far_ahead = 1000;
  sqlite3* store = nullptr;
  sqlite3_stmt* statement = nullptr;
  int version = 0;
  if (sqlite3_open_v2(path.c_str(), &store, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(store, "PRAGMA user_version", -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    version = sqlite3_column_int(statement, 0);
  }
  sqlite3_finalize(statement);
  sqlite3_close(store);
  const int other = back ? version - far_ahead : version + far_ahead;
  edit_store(path, "PRAGMA user_version = " + std::to_string(other));
}

}  // namespace skald::faults
