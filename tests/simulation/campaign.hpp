// Many schedules, over several threads, and the report about them.
#pragma once

#include <cstdint>

#include "mutants.hpp"

namespace skald::simulation {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t schedules = 50'000;
  int minutes = 0;  ///< 0: as many schedules as said above.
  int jobs = 2;
  Mutant mutant = Mutant::none;
  bool edge = false;  ///< Of one schedule: with hostile data, as campaigns have it.
};

/// Runs the schedules and prints the report. Exit code: 0 when nothing was found or the mutant was
/// caught, 1 otherwise.
[[nodiscard]] int run_campaign(const Options& options);

/// Runs the schedule of one seed; one that fails is made small and shown line by line.
[[nodiscard]] int show_one(const Options& options);

}  // namespace skald::simulation
