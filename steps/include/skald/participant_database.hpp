// A participant's own SQLite database: three small RAII types over the C API.
//
// Several processes write to it, so it uses a rollback journal and synchronous=EXTRA: a commit that
// returned survives the loss of power, and the write-ahead log's trouble with competing writers is
// kept out.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "skald/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace skald {

/// The participant's database failed or stayed locked; nothing of the transaction was kept.
class ParticipantError : public Error {
 public:
  ParticipantError(const std::string& what, bool busy) : Error(what), busy_(busy) {}
  /// Another process held the database for longer than the busy timeout.
  [[nodiscard]] bool is_busy() const { return busy_; }

 private:
  bool busy_;
};

/// One connection. Not thread-safe. Every function throws ParticipantError when SQLite fails.
class ParticipantDatabase {
 public:
  enum class Access { write, read };
  /// Opens; creates the file (mode 0600) when it is missing and `access` is write.
  explicit ParticipantDatabase(const std::string& path, Access access = Access::write);
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement with `?` for values, which are always bound, never pasted in.
class SqlStatement {
 public:
  SqlStatement(sqlite3* database, std::string_view sql);

  template <typename... Values>
  SqlStatement& bind(const Values&... values) {
    reset();
    int place = 0;
    (bind_one(++place, values), ...);
    return *this;
  }
  /// True while there is a row.
  bool step();
  /// To its end, for what must not throw and needs no memory; false when SQLite fails.
  [[nodiscard]] bool run_quietly() noexcept;
  void reset();
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;  ///< Empty for NULL.
  [[nodiscard]] bool is_null(int column) const;

 private:
  void bind_one(int place, std::string_view value);
  void bind_integer(int place, std::int64_t value);
  void bind_one(int place, std::integral auto value) {
    bind_integer(place, static_cast<std::int64_t>(value));
  }

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// BEGIN IMMEDIATE; rolled back unless commit() returned, also when there is no memory left: what
/// it takes is prepared before it begins.
class SqlTransaction {
 public:
  explicit SqlTransaction(sqlite3* database);
  ~SqlTransaction();
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;
  void commit();

 private:
  sqlite3* database_;
  SqlStatement rollback_;
};

/// Runs statements without values, separated by semicolons.
void run_script(sqlite3* database, const std::string& sql);

/// Runs one statement to its end and answers how many rows it changed.
std::int64_t run_sql(sqlite3* database, SqlStatement& statement);
template <typename... Values>
std::int64_t run_sql(sqlite3* database, std::string_view sql, const Values&... values) {
  SqlStatement statement(database, sql);
  return run_sql(database, statement.bind(values...));
}

/// First column of the first row; nothing when there is no row or it is NULL.
template <typename... Values>
std::optional<std::int64_t> query_integer(sqlite3* database, std::string_view sql,
                                          const Values&... values) {
  SqlStatement statement(database, sql);
  if (!statement.bind(values...).step() || statement.is_null(0)) return std::nullopt;
  return statement.integer(0);
}
template <typename... Values>
std::optional<std::string> query_text(sqlite3* database, std::string_view sql,
                                      const Values&... values) {
  SqlStatement statement(database, sql);
  if (!statement.bind(values...).step() || statement.is_null(0)) return std::nullopt;
  return statement.text(0);
}

}  // namespace skald
