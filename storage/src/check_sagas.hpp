// Checking every saga of a store against its journal.
#pragma once

#include <string>
#include <vector>

#include "sqlite/connection.hpp"

namespace skald {

/// Problems that are listed at most; what follows them is not looked at.
inline constexpr std::size_t problems_max = 100;

/// Appends a sentence per problem, which names the saga and what to do: rows that are missing,
/// damaged, or belong to nobody; journals that do not fold; rows of sagas that cannot be told, or
/// that say something else than their journals; snapshots that differ. Within the caller's
/// transaction.
void check_sagas(sqlite::Connection& connection, std::vector<std::string>& problems);

}  // namespace skald
