// When to try again, as pure arithmetic: no clock, no random source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/time.hpp"

namespace skald {

enum class Jitter : std::uint8_t {
  none,   ///< Exactly the computed delay.
  full,   ///< Between 0 and the computed delay.
  equal,  ///< Between half of it and all of it.
};

struct RetryPolicy {
  std::uint32_t max_attempts = 5;  ///< Per round, the first attempt included. At least 1.
  Duration initial_delay{200};
  double multiplier = 2.0;     ///< At least 1.
  Duration max_delay{30'000};  ///< Cap of the computed delay, before jitter.
  Jitter jitter = Jitter::full;
  std::optional<Duration> max_elapsed;  ///< Since the round's first attempt; absent: no limit.
  std::vector<std::string> retry_on;    ///< Error codes worth a retry; empty: all.
  std::vector<std::string> abort_on;    ///< Error codes that are not; wins over `retry_on`.
  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

/// The delay after attempt `attempts_made` (from 1, within its round). Jitter is hashed from
/// `seed`, the failed attempt's command id, so the same history always gives the same delays. A
/// participant's `retry_after` is a lower bound; it is obeyed even beyond `max_delay`.
[[nodiscard]] Duration retry_delay(const RetryPolicy& policy, std::uint32_t attempts_made,
                                   std::string_view seed, std::optional<Duration> retry_after);

/// Whether an attempt that ended with `error_code` may be followed by another, by `retry_on` and
/// `abort_on` alone.
[[nodiscard]] bool worth_retrying(const RetryPolicy& policy, std::string_view error_code);

}  // namespace skald
