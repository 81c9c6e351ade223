#include "sqlite/error.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace skald::sqlite {
namespace {

using Kind = StoreError::Kind;

bool out_of_space(sqlite3* connection, int extended) {
  if ((extended & 0xFF) == SQLITE_FULL) return true;
  // SQLite reports a write that found no space as FULL, but growing the shared-memory file of the
  // WAL as an I/O error. A failed fsync is never taken for a mere lack of space.
  const bool synced = extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC;
  if ((extended & 0xFF) != SQLITE_IOERR || synced || connection == nullptr) return false;
  const int system = sqlite3_system_errno(connection);
  return system == ENOSPC || system == EDQUOT;
}

Kind kind_of(sqlite3* connection, int extended) {
  if (out_of_space(connection, extended)) return Kind::full;
  switch (extended & 0xFF) {
    case SQLITE_CORRUPT: return Kind::corrupt;
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN: return Kind::not_a_store;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Kind::locked;
    default: return Kind::failed;
  }
}

bool lasting(int extended) {
  switch (extended & 0xFF) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL: return true;
    default: return false;
  }
}

const char* mend(Kind kind, int extended) {
  // Nothing was wrong with the disk, whatever SQLite calls the one of an I/O routine.
  const bool memory = (extended & 0xFF) == SQLITE_NOMEM || extended == SQLITE_IOERR_NOMEM;
  if (memory) return "memory has run out; make room for it, then restart";
  switch (kind) {
    case Kind::full: return "free some space; the store goes on by itself";
    case Kind::corrupt:
      return "stop, keep a copy of the files, and restore the store from a backup";
    case Kind::not_a_store: return "check the path: it is not a Skald store that can be opened";
    case Kind::locked: return "another program is writing to the file; stop it";
    default: return "check the disk, then restart";
  }
}

}  // namespace

void throw_error(sqlite3* connection, int code, const std::string& operation) {
  const int extended = connection != nullptr ? sqlite3_extended_errcode(connection) : code;
  // The connection remembers its last failure; `code` is what this very call said.
  const int told = (extended & 0xFF) == (code & 0xFF) ? extended : code;
  const Kind kind = kind_of(connection, told);
  const char* text =
      connection != nullptr && told == extended ? sqlite3_errmsg(connection) : sqlite3_errstr(told);
  const std::string message =
      fmt::format("cannot {}: {} (SQLite code {}); {}", operation, text, told, mend(kind, told));
  if (kind != Kind::full && lasting(told)) throw DiskFailure(kind, message);
  throw StoreError(kind, message);
}

}  // namespace skald::sqlite
