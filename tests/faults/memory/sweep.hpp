// F7: the Nth allocation fails, in lives that begin with an empty store and in lives that begin
// with the recovery from a death; afterwards all is opened with memory enough, and checked.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "findings.hpp"
#include "mutants.hpp"
#include "shortage.hpp"

namespace skald::faults {

struct MemoryOptions {
  std::uint64_t seed = 1;
  std::uint64_t length = 0;  ///< Lives; 0: the short form.
  Mutant mutant = Mutant::none;
  bool participant_only = false;
};

struct MemoryResult {
  testing::Findings findings;
  std::uint64_t fired = 0;
  std::uint64_t lives = 0;
  std::uint64_t sagas = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t well = 0;
  std::uint64_t refused = 0;
  std::uint64_t aborted = 0;
  std::array<std::uint64_t, phase_count> by_phase{};
  std::string note;  ///< More figures, a line each.
};

[[nodiscard]] MemoryResult sweep_allocations(const MemoryOptions& options);
/// The same for a participant alone, without sampling: each of its allocations.
void sweep_participant(const MemoryOptions& options, MemoryResult& result);

}  // namespace skald::faults
