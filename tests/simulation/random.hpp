// A sequence of numbers that is the same on every machine.
#pragma once

#include <cstdint>

#include "accidents.hpp"

namespace skald::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    return testing::mix(state_, 0x5bd1e995U);
  }
  /// From 0 to `limit` - 1.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

}  // namespace skald::simulation
