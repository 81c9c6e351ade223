// One SQLite connection, closed when it goes out of scope. One thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace skald::sqlite {

class Connection {
 public:
  enum class Access {
    read_only,
    read_write,
    immutable,  ///< To read a file that nobody writes to while it is open, without its log.
  };

  /// Opens an existing file; never creates one. \throws StoreError
  Connection(const std::string& path, Access access);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs statements that answer nothing. \throws StoreError that says `cannot <operation>`.
  void run(const std::string& sql, const std::string& operation);
  /// The first column of the first row, 0 when there is no row.
  [[nodiscard]] std::int64_t ask(const std::string& sql);
  /// Throws when `code` is an error.
  void check(int code, std::string_view operation) const;
  /// True while no transaction is open.
  [[nodiscard]] bool idle() const { return sqlite3_get_autocommit(handle_) != 0; }
  /// Rows that the last INSERT, UPDATE or DELETE touched.
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_); }
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_); }

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

}  // namespace skald::sqlite
