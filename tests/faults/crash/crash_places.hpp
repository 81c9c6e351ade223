// Which process comes to which crash point, and what it takes to get there.
#pragma once

#include <vector>

#include "skald/crash_point.hpp"

namespace skald::faults {

/// All points that a run can come to: with participants in the engine's process, or over a broker.
[[nodiscard]] std::vector<CrashPoint> points_of(bool over_broker);

/// The process is a participant of its own.
[[nodiscard]] bool is_participants(CrashPoint point);
/// It is about making or migrating tables: the store must be missing, or old.
[[nodiscard]] bool needs_old_store(CrashPoint point);
/// So much must be written that the write-ahead log is moved into the file.
[[nodiscard]] bool needs_much_data(CrashPoint point);
/// Commands must have been under way when the engine before died.
[[nodiscard]] bool needs_unfinished(CrashPoint point);
[[nodiscard]] bool needs_backup(CrashPoint point);

}  // namespace skald::faults
