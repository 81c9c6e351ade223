// Opening a store's file, as its owner or to read only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "skald/sqlite_store.hpp"
#include "sqlite/connection.hpp"

namespace skald {

/// Opens or creates the store at a canonical path that this process owns, brings its schema up to
/// date and raises its epoch. \throws StoreError
[[nodiscard]] std::unique_ptr<sqlite::Connection> open_as_owner(const std::string& path,
                                                                const SqliteOptions& options);
/// Opens the store at a canonical path; never writes to it. \throws StoreError
[[nodiscard]] std::unique_ptr<sqlite::Connection> open_to_read(const std::string& path);
/// \throws StoreError (not_a_store) unless there is a regular file.
void require_store_file(const std::string& path);

}  // namespace skald
