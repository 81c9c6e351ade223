// How much work this thread has done: counts that are the same on every machine.
//
// The coordinator bounds a turn by them, and tests hold one saga's cost against a limit without a
// clock. Counts only grow; take the difference of two readings.
#pragma once

#include <cstdint>

namespace skald {

struct WorkDone {
  std::uint64_t parsed_bytes = 0;    ///< JSON text that was scanned or made a tree of.
  std::uint64_t rendered_bytes = 0;  ///< JSON text that was put together, conditions looked at.
  std::uint64_t decisions = 0;       ///< Calls of decide(), and children they ask for.
  std::uint64_t rows = 0;            ///< Journal rows that were read and folded.
  std::uint64_t compared = 0;        ///< Values that were held against a schema of an input.

  [[nodiscard]] std::uint64_t bytes() const { return parsed_bytes + rendered_bytes; }
};

/// The counts of the calling thread.
[[nodiscard]] inline WorkDone& work() {
  thread_local WorkDone counts;
  return counts;
}

}  // namespace skald
