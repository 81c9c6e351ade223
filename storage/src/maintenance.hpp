// Looking after a store's file: checking it whole, and copying it while it is in use.
#pragma once

#include <string>
#include <vector>

#include "skald/sqlite_reader.hpp"
#include "sqlite/connection.hpp"

namespace skald {

/// What is wrong with the file, one sentence each, at most a hundred; empty when it is sound. Reads
/// everything, as one state: SQLite's own check, gaps, orphans, and the checksum of every row.
[[nodiscard]] std::vector<std::string> check_file(sqlite::Connection& connection);

/// Copies one state of the store to a new file (mode 0600), which is there whole or not at all.
/// \throws StoreError, also when `target` exists already.
void backup_file(sqlite::Connection& connection, const std::string& target, BackupPace pace);

}  // namespace skald
