// What a turn or a wait costs, by what was done in it: the same on every machine, however busy.
#pragma once

#include <cstdint>

#include "skald/work.hpp"

namespace skald::faults {

struct Effort {
  std::uint64_t decisions = 0;
  std::uint64_t bytes = 0;  ///< Parsed and put together.
  std::uint64_t rows = 0;

  /// What a busy machine takes for it: 10 µs for a decision or a row, 60 MB/s for text. Measured
  /// beside compilers: 51 to 59 MB/s for nothing but small numbers, 80 to 110 for objects, 140 to
  /// 280 for long strings.
  [[nodiscard]] double ms() const {
    return static_cast<double>(decisions + rows) / 100 + static_cast<double>(bytes) / 60'000;
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
