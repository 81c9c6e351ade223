// Makes a failing schedule small: fewer sagas, requests, accidents and steps.
#pragma once

#include <optional>
#include <set>

#include "schedule.hpp"

namespace skald::simulation {

struct Small {
  Draft draft;
  std::set<Occurrence> allowed;
  int runs = 0;  ///< Schedules that were run to find it.
};

/// A smaller schedule that breaks one of the invariants that the schedule of this seed breaks.
/// Deterministic. Nothing when it breaks none.
[[nodiscard]] std::optional<Small> shrink(std::uint64_t seed, Mutant mutant, bool edge);

}  // namespace skald::simulation
