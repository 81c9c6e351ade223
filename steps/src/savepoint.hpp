// One command's part of a transaction that several commands share.
#pragma once

#include <sqlite3.h>

#include "skald/participant_database.hpp"

namespace skald {

/// Prepared once, so that a command can be undone even when memory has run out meanwhile.
struct SavepointStatements {
  explicit SavepointStatements(sqlite3* database)
      : begin(database, "SAVEPOINT skald_command"),
        undo(database, "ROLLBACK TO skald_command"),
        release(database, "RELEASE skald_command"),
        give_up(database, "ROLLBACK") {}

  SqlStatement begin;
  SqlStatement undo;
  SqlStatement release;
  SqlStatement give_up;
};

/// Rolls back to where it began, unless kept.
class Savepoint {
 public:
  Savepoint(sqlite3* database, SavepointStatements& statements)
      : database_(database), statements_(statements) {
    run_sql(database_, statements_.begin.bind());
  }
  /// An effect of which nothing is remembered must never be committed: when it cannot be undone by
  /// itself, the whole transaction is rolled back, and the commit will fail.
  ~Savepoint() {
    // After a severe error SQLite has done that by itself.
    if (!open_ || !in_transaction()) return;
    const bool undone = statements_.undo.run_quietly() && statements_.release.run_quietly();
    if (!undone && in_transaction()) static_cast<void>(statements_.give_up.run_quietly());
  }
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;
  void undo() {
    demand_transaction();
    run_sql(database_, statements_.undo.bind());
  }
  void keep() {
    demand_transaction();
    run_sql(database_, statements_.release.bind());
    open_ = false;
  }

 private:
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }
  void demand_transaction() const {
    if (in_transaction()) return;
    throw ParticipantError("the handler ended the participant's transaction, or it was lost",
                           false);
  }

  sqlite3* database_;
  SavepointStatements& statements_;
  bool open_ = true;
};

}  // namespace skald
