// Processor time of this thread: what a call costs, whatever else the machine does meanwhile.
#pragma once

#include <ctime>

namespace skald::faults {

[[nodiscard]] inline double cpu_time_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace skald::faults
