// What a turn or a wait costs, by what was done in it: the same on every machine, however busy.
#pragma once

#include <cstdint>

#include "skald/work.hpp"

namespace skald::faults {

struct Effort {
  std::uint64_t decisions = 0;
  std::uint64_t bytes = 0;  ///< Parsed and put together.
  std::uint64_t rows = 0;

  /// What a slow machine takes for it: 10 µs for a decision or a row, 50 MB/s for text.
  [[nodiscard]] double ms() const {
    return static_cast<double>(decisions + rows) / 100 + static_cast<double>(bytes) / 50'000;
  }
};

/// Of this thread, since it was made.
class EffortMeter {
 public:
  [[nodiscard]] Effort read() const {
    const WorkDone& now = work();
    return {now.decisions - begin_.decisions, now.bytes() - begin_.bytes(), now.rows - begin_.rows};
  }

 private:
  WorkDone begin_ = work();
};

}  // namespace skald::faults
