#include <chrono>

#include "skald/time.hpp"

namespace skald {

SystemClock::SystemClock()
    : wall_at_start_(std::chrono::floor<Duration>(std::chrono::system_clock::now())),
      steady_at_start_(std::chrono::steady_clock::now()) {}

Time SystemClock::now() const {
  const auto elapsed = std::chrono::steady_clock::now() - steady_at_start_;
  return wall_at_start_ + std::chrono::floor<Duration>(elapsed);
}

}  // namespace skald
