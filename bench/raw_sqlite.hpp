// The ceiling of the store: the writes of a saga without an engine.
#pragma once

#include "setting.hpp"

namespace skald::bench {

/// Six-step sagas as bare SQLite writes: one appended journal row of 350 bytes per transition,
/// indexed by saga and version; the saga's row only at start and end; `batch` transitions, each of
/// another saga, per transaction. WAL, synchronous=FULL.
[[nodiscard]] Row raw_sqlite(const Setting& setting, int batch);
[[nodiscard]] std::string raw_sqlite_name(int batch);

}  // namespace skald::bench
