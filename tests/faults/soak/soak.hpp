// A million messages through one engine: what it holds of the machine must not grow (I16), and the
// books must be right afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../vitals.hpp"
#include "engine.hpp"
#include "findings.hpp"

namespace skald::faults {

struct SoakOptions {
  std::uint64_t messages = 1'000'000;
  std::string rabbitmq;  ///< URL; empty: in-process.
  Leak leak = Leak::none;
};

/// One look at a process while messages pass.
struct Sample {
  std::uint64_t messages = 0;
  Vitals vitals;
};

struct SoakResult {
  std::uint64_t messages = 0;
  std::uint64_t sagas = 0;
  std::uint64_t turned_back = 0;
  std::uint64_t largest_log = 0;  ///< Bytes of the store's WAL.
  std::vector<Sample> engine;
  std::vector<Sample> participant;  ///< Empty when it is in the engine's process.
};

/// What a process holds at the end against what it held when it had warmed up.
struct Growth {
  double memory_kib = 0;  ///< Mean of the last fifth, less that of the third.
  std::uint64_t peak_kib = 0;
  std::int64_t descriptors = 0;  ///< The fewest in the last fifth, less those in the third.
  std::int64_t threads = 0;
};
[[nodiscard]] Growth growth_of(const std::vector<Sample>& samples);

/// Runs to the end. \throws Error when a process does not come to life.
SoakResult soak(const SoakOptions& options, testing::Findings& findings);

}  // namespace skald::faults
