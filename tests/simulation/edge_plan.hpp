// Hostile data in a schedule: which kinds of it, how much of each, and where it goes.
//
// It is drawn from a source of its own. Each kind has a rate of its own in each schedule, often
// none. All of it is well-formed UTF-8 and JSON: what is not is refused where it enters, and this
// world lies behind the entries (tests/faults/data tries those).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plan.hpp"

namespace skald::simulation {

enum class EdgeKind : std::uint8_t {
  input,
  key,
  delay,
  patch,
  signal_data,
  requester,
  output,
  error,
  retry_after,
};
inline constexpr std::size_t edge_kind_count = 9;
[[nodiscard]] const char* to_string(EdgeKind kind);

/// How much of a schedule's data is hostile, by kind, and how much of it came to be.
struct EdgeShare {
  std::uint64_t seed = 0;
  std::array<unsigned, edge_kind_count> percent{};
  std::array<std::uint64_t, edge_kind_count> drawn{};

  [[nodiscard]] bool any() const;
  [[nodiscard]] unsigned of(EdgeKind kind) const { return percent[static_cast<std::size_t>(kind)]; }
  void note(EdgeKind kind) { ++drawn[static_cast<std::size_t>(kind)]; }
};

/// Replaces some data of these starts and requests.
[[nodiscard]] EdgeShare add_edge_data(std::uint64_t seed,
                                      std::vector<testing::PlannedStart>& starts,
                                      std::vector<testing::PlannedRequest>& requests);

}  // namespace skald::simulation
