// A prepared statement that is kept and used again, and one pass over its rows.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sqlite/connection.hpp"

namespace skald::sqlite {

/// The rows of one run. Resets the statement when it goes out of scope, which ends its read
/// transaction. Texts and blobs stay valid until next().
class Rows {
 public:
  explicit Rows(const Connection& connection, sqlite3_stmt* handle)
      : connection_(connection), handle_(handle) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// Moves to the next row; false after the last. \throws StoreError
  [[nodiscard]] bool next();
  [[nodiscard]] std::int64_t int64(int column) const {
    return sqlite3_column_int64(handle_, column);
  }
  [[nodiscard]] bool is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
  }
  [[nodiscard]] bool is_integer(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_INTEGER;
  }
  /// Of a text or a blob; empty for NULL.
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  const Connection& connection_;
  sqlite3_stmt* handle_;
};

/// Parameters count from 1. What is bound is not copied: it must live until the run is over.
class Statement {
 public:
  /// \throws StoreError
  Statement(Connection& connection, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int parameter, std::int64_t value) { sqlite3_bind_int64(handle_, parameter, value); }
  void bind_text(int parameter, std::string_view value) {
    sqlite3_bind_text64(handle_, parameter, value.empty() ? "" : value.data(), value.size(),
                        SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind_blob(int parameter, std::string_view value) {
    sqlite3_bind_blob64(handle_, parameter, value.empty() ? "" : value.data(), value.size(),
                        SQLITE_STATIC);
  }
  template <class Bytes>
  void bind_raw(int parameter, const Bytes& value) {
    sqlite3_bind_blob(handle_, parameter, value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
  }
  void bind_null(int parameter) { sqlite3_bind_null(handle_, parameter); }

  /// Runs a statement that answers no rows. \throws StoreError that says `cannot <operation>`.
  void run(const char* operation = "write to the store");
  /// Begins a pass over the rows.
  [[nodiscard]] Rows rows() { return Rows(connection_, handle_); }

 private:
  Connection& connection_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace skald::sqlite
