// The bulkhead of a participant: how many commands may be under way at once.
#pragma once

#include <cstdint>
#include <optional>

#include "skald/command_class.hpp"

namespace skald {

/// Follows from the attempts that are outstanding, so it is never stored.
struct BulkheadState {
  std::uint32_t actions = 0;
  std::uint32_t undoing = 0;
  [[nodiscard]] std::uint32_t in_flight() const { return actions + undoing; }
  friend bool operator==(const BulkheadState&, const BulkheadState&) = default;
};

struct BulkheadPolicy {
  std::uint32_t max_in_flight = 10;
  /// Beyond so many sagas that wait for the participant, new ones that need it are not accepted;
  /// absent: all are. Sagas that were accepted always may wait.
  std::optional<std::uint32_t> max_waiting;
  friend bool operator==(const BulkheadPolicy&, const BulkheadPolicy&) = default;

  /// A place that is taken is freed by the end of a command, never by time.
  [[nodiscard]] bool admits(const BulkheadState& state, CommandClass command) const;
  [[nodiscard]] static BulkheadState issued(BulkheadState state, CommandClass command);
  [[nodiscard]] static BulkheadState ended(BulkheadState state, CommandClass command);
};

}  // namespace skald
