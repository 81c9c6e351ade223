// The tables of a store, and how older ones are brought up to date: forward only, one step each.
#pragma once

#include "sqlite/connection.hpp"

namespace skald {

/// What a file turned out to be.
enum class FileState {
  empty,  ///< Nothing in it yet: to be made a store.
  store,  ///< A store that this version can use, perhaps after a migration.
};

/// Marks a SQLite file as Skald's: `SKLD`.
inline constexpr std::int64_t application_id = 0x534B4C44;
/// The schema that this version writes.
inline constexpr std::int64_t schema_version = 4;
/// The first one that counts what purges took, and has an index of types.
inline constexpr std::int64_t schema_with_purges = 3;
inline constexpr std::int64_t schema_with_types = 3;
inline constexpr std::int64_t schema_with_snapshots = 4;

/// Looks at the file and changes nothing. \throws StoreError: not_a_store for other programs'
/// files, newer for a schema beyond schema_version, corrupt.
[[nodiscard]] FileState examine(sqlite::Connection& connection);

/// Creates or migrates, in one transaction; a new store gets an engine id.
void bring_up_to_date(sqlite::Connection& connection);

}  // namespace skald
