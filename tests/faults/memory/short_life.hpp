// One life of an engine that memory runs out for, in a process of its own.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "mutants.hpp"
#include "shortage.hpp"
#include "skald/ids.hpp"

namespace skald::faults {

/// What is to happen in it.
struct ShortLife {
  Files files;
  std::uint64_t seed = 1;
  std::vector<std::uint64_t> numbers;  ///< Of the sagas; the last one is also paused and resumed.
  Mutant mutant = Mutant::none;
  Shortage shortage;
  bool dies = false;  ///< At once when all are started, as by SIGKILL: something is left to do.
};

/// How the process ended.
enum class End : std::uint8_t {
  well,     ///< Everything was done.
  refused,  ///< Something was refused with an error, or the engine stopped; it could still say so.
  aborted,  ///< The program ended itself, saying that memory had run out.
  died,     ///< Any other way, a hang included: that must not be.
};

struct ShortLifeReport {
  End end = End::died;
  std::string said;                              ///< What it wrote, for the message of a violation.
  std::vector<SagaId> acknowledged;              ///< By place in `numbers`; empty when not.
  std::array<std::uint64_t, phase_count> met{};  ///< Allocations, by phase.
  std::uint64_t fired = 0;
};

/// Runs it in a child process with a time limit. The caller must have no other thread.
[[nodiscard]] ShortLifeReport live_short(const ShortLife& life);

}  // namespace skald::faults
