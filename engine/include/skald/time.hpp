// Time: wall-clock milliseconds, durations as people write them, and the clock port.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace skald {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

/// The ends of what Skald counts with: the years 0000 and 9999.
inline constexpr Time time_min{Duration{-62'167'219'200'000}};
inline constexpr Time time_max{Duration{253'402'300'799'999}};
/// A hundred years, leap days included: the longest duration that is taken from outside.
inline constexpr Duration duration_max = std::chrono::hours{24 * 36'525};

/// `at + by`, which never leaves the two ends.
[[nodiscard]] constexpr Time later(Time at, Duration by) {
  if (at > time_max) at = time_max;
  if (at < time_min) at = time_min;
  if (by > time_max - at) return time_max;
  if (by < time_min - at) return time_min;
  return at + by;
}

/// `"250ms"`, `"5s"`, `"10m"`, `"2h"`, `"7d"`: a whole number and a unit, nothing else. Nothing on
/// any other text, on negative numbers and beyond 100 years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
/// The shortest form that parse_duration() reads back as the same value.
[[nodiscard]] std::string format_duration(Duration duration);
/// For people: `"3m12s"`, `"1.4s"`, `"85ms"`.
[[nodiscard]] std::string describe_duration(Duration duration);
/// `"2026-03-01T09:30:00.250Z"`.
[[nodiscard]] std::string format_time(Time time);
/// Reads RFC 3339 with `Z` or an offset. Nothing on any other text.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

/// Where the engine's shell reads the time. The core is handed the time and never asks.
class Clock {
 public:
  virtual ~Clock() = default;
  /// May be called from any thread; never goes back within one process.
  [[nodiscard]] virtual Time now() const = 0;
};

/// The wall clock at construction, moved on by the steady clock: adjusting the system's time while
/// the engine runs neither fires timers early nor holds them up.
class SystemClock final : public Clock {
 public:
  SystemClock();
  [[nodiscard]] Time now() const override;

 private:
  Time wall_at_start_;
  std::chrono::steady_clock::time_point steady_at_start_;
};

}  // namespace skald
