// What the store's harnesses have in common: options, and how a run is judged.
#pragma once

#include <cstdint>
#include <string>

#include "findings.hpp"
#include "mutants.hpp"

namespace skald::faults {

using testing::Findings;
using testing::Invariant;

struct RunOptions {
  std::uint64_t seed = 1;
  std::uint64_t length = 0;  ///< 0: the harness's short form. What is counted is its own.
  Mutant mutant = Mutant::none;
  bool control = false;  ///< Breaks the rule that the harness is about: it must be caught.
};

/// What a run came to.
struct RunResult {
  Findings findings;
  std::uint64_t fired = 0;
  std::uint64_t sagas = 0;
  std::uint64_t duplicates = 0;  ///< Deliveries of a command that had been delivered before.
  std::string note;              ///< More figures, a line each.
  std::string skipped;           ///< Why this machine cannot run it; empty when it can.
};

// One function per fault.
RunResult sweep_disk_operations(const RunOptions& options);
RunResult lose_power(const RunOptions& options);
RunResult fill_disk(const RunOptions& options);
RunResult hold_store(const RunOptions& options);
RunResult corrupt_files(const RunOptions& options);
RunResult set_clocks(const RunOptions& options);
RunResult contend_for_store(const RunOptions& options);
RunResult open_other_versions(const RunOptions& options);

}  // namespace skald::faults
