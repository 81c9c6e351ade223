// A transaction that is rolled back unless it was committed.
#pragma once

#include "sqlite/connection.hpp"

namespace skald::sqlite {

class Transaction {
 public:
  /// `write` takes the write lock at once (BEGIN IMMEDIATE), so that nothing fails later for want
  /// of it. \throws StoreError
  enum class Kind { read, write };
  Transaction(Connection& connection, Kind kind) : connection_(connection) {
    connection_.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN", "begin a transaction");
  }
  /// SQLite rolls some failures back by itself; the rest is rolled back here. A rollback writes
  /// nothing that matters, so its own failure is of no consequence: the WAL's frames without a
  /// commit mark are ignored.
  ~Transaction() {
    if (!connection_.idle()) {
      sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Durable on return. \throws StoreError; then nothing was stored.
  void commit() { connection_.run("COMMIT", "commit a transaction"); }

 private:
  Connection& connection_;
};

}  // namespace skald::sqlite
