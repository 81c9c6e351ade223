// SQLite's result codes as StoreError.
#pragma once

#include <sqlite3.h>

#include <string>

#include "skald/error.hpp"

namespace skald::sqlite {

/// A failure after which nothing more may be written through the connection: a disk that lost a
/// write or an fsync once must not be trusted to do the next one.
class DiskFailure : public StoreError {
 public:
  using StoreError::StoreError;
};

/// Throws what `code` means. `operation` completes the sentence "cannot …", e.g. "append to the
/// journal of orders.db". Must be called before anything else is done with the connection.
[[noreturn]] void throw_error(sqlite3* connection, int code, const std::string& operation);

}  // namespace skald::sqlite
