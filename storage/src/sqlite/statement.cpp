#include "sqlite/statement.hpp"

#include "sqlite/error.hpp"

namespace skald::sqlite {

Rows::~Rows() { sqlite3_reset(handle_); }

bool Rows::next() {
  const int code = sqlite3_step(handle_);
  connection_.check(code, "read the store");
  return code == SQLITE_ROW;
}

std::string_view Rows::bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection) {
  const int code = sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  connection.check(code, "read the store");
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::run(const char* operation) {
  const int code = sqlite3_step(handle_);
  // The error's text belongs to the connection and is read before the reset renews it.
  if (code != SQLITE_DONE) {
    struct Reset {
      sqlite3_stmt* handle;
      ~Reset() { sqlite3_reset(handle); }
    } reset{handle_};
    connection_.check(code, operation);
    return;
  }
  sqlite3_reset(handle_);
}

}  // namespace skald::sqlite
