// How much of its share one turn of the coordinator has used.
//
// A turn is one call of process(). Whatever comes while it goes on waits for its end, so its work
// is bounded: in decisions, in bytes that were parsed, put together or stored, and in values that
// were held against a schema. What does not fit is done in the next turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "skald/work.hpp"

namespace skald {

class TurnMeter {
 public:
  struct Limits {
    std::uint64_t decisions = 1'024;
    std::uint64_t bytes = 1024UL * 1024;
    std::uint64_t rows = 65'536;
    std::uint64_t compared = 500'000;
  };

  explicit TurnMeter(const Limits& limits) : limits_(limits) {}

  void begin() {
    began_ = work();
    stored_bytes_ = 0;
    granted_ = false;
  }
  void store(std::uint64_t bytes) { stored_bytes_ += bytes; }

  [[nodiscard]] bool is_full() const {
    const WorkDone& now = work();
    return now.decisions - began_.decisions >= limits_.decisions ||
           now.bytes() - began_.bytes() + stored_bytes_ >= limits_.bytes ||
           now.rows - began_.rows >= limits_.rows ||
           now.compared - began_.compared >= limits_.compared;
  }
  /// One more step may begin, however full the turn is: whoever had to stop gets on.
  void grant_one() { granted_ = true; }
  [[nodiscard]] std::uint64_t decisions_left() const {
    const std::uint64_t made = work().decisions - began_.decisions;
    return made < limits_.decisions ? limits_.decisions - made : 0;
  }
  /// Whether one more step may begin. A saga whose step may not is woken in the next turn, where
  /// the first one is granted its step; so a large start and its first step are two turns.
  [[nodiscard]] bool goes_on() { return std::exchange(granted_, false) || !is_full(); }

 private:
  Limits limits_;
  WorkDone began_;
  std::uint64_t stored_bytes_ = 0;
  bool granted_ = false;
};

/// Bodies that the channel was given and has not confirmed; they are in memory.
struct BytesInFlight {
  std::size_t limit = 0;
  std::size_t bytes = 0;
  /// One more may go out, however long it is.
  [[nodiscard]] bool has_room() const { return bytes < limit; }
};

}  // namespace skald
