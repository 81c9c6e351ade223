// Checking a store's file whole.
#pragma once

#include <string>
#include <vector>

#include "sqlite/connection.hpp"

namespace skald {

/// What is wrong with the file, one sentence each, at most a hundred; empty when it is sound. Reads
/// everything, as one state: SQLite's own check, gaps, orphans, and the checksum of every row.
[[nodiscard]] std::vector<std::string> check_file(sqlite::Connection& connection);

}  // namespace skald
