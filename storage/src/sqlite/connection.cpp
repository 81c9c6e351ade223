#include "sqlite/connection.hpp"

#include <fmt/format.h>

#include "sqlite/error.hpp"
#include "sqlite/statement.hpp"

namespace skald::sqlite {
namespace {

// Long enough for a foreign reader that opens or closes the file at this moment.
constexpr int busy_timeout_ms = 2000;

// The path as a URI, in which anything but letters, digits and a few signs may have a meaning.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '/' || c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

int flags_for(Connection::Access access) {
  constexpr int always = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Connection::Access::read_only: return always | SQLITE_OPEN_READONLY;
    case Connection::Access::read_write: return always | SQLITE_OPEN_READWRITE;
    case Connection::Access::immutable: break;
  }
  return always | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
}

}  // namespace

Connection::Connection(const std::string& path, Access access) : path_(path) {
  const std::string name = access == Access::immutable ? immutable_uri(path) : path;
  const int code = sqlite3_open_v2(name.c_str(), &handle_, flags_for(access), nullptr);
  if (code != SQLITE_OK) {
    // A failed open hands out a connection all the same, which must be closed.
    struct Closer {
      sqlite3* handle;
      ~Closer() { sqlite3_close_v2(handle); }
    } closer{handle_};
    throw_error(handle_, code, "open " + path);
  }
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (access != Access::read_write) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

void Connection::run(const std::string& sql, const std::string& operation) {
  check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), operation);
}

std::int64_t Connection::ask(const std::string& sql) {
  Statement statement(*this, sql);
  auto rows = statement.rows();
  return rows.next() ? rows.int64(0) : 0;
}

void Connection::check(int code, std::string_view operation) const {
  if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
    throw_error(handle_, code, std::string(operation) + " (" + path_ + ")");
  }
}

}  // namespace skald::sqlite
