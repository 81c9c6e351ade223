// The rate limit of a participant: a bucket of tokens, in whole numbers, so nothing is lost to
// rounding however long it runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "skald/command_class.hpp"
#include "skald/time.hpp"

namespace skald {

/// So many per so long: `"100/s"`, `"10/m"`, `"3/250ms"`.
struct Rate {
  std::uint32_t count = 1;
  Duration period{1'000};
  friend bool operator==(const Rate&, const Rate&) = default;
};
/// Nothing on any other text, on a count of 0 or above a million, and on periods above a day.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);
[[nodiscard]] std::string format_rate(const Rate& rate);

struct RateLimitState {
  /// Tokens in the bucket, in parts of which `period` milliseconds make one. A bucket that was
  /// never used is full.
  std::int64_t level = 0;
  Duration period{0};  ///< By which `level` is measured; 0: never used.
  Time at{};           ///< When the level was such.
  friend bool operator==(const RateLimitState&, const RateLimitState&) = default;
};

struct RateLimitPolicy {
  Rate rate;
  std::uint32_t burst = 1;  ///< Tokens in a full bucket.
  friend bool operator==(const RateLimitPolicy&, const RateLimitPolicy&) = default;

  /// Filled up by the time that has passed. A clock that went back fills nothing and takes
  /// nothing away.
  [[nodiscard]] RateLimitState at(RateLimitState state, Time now) const;
  /// Actions leave the reserve of the burst to what undoes.
  [[nodiscard]] bool admits(const RateLimitState& state, CommandClass command, Time now) const;
  [[nodiscard]] Time next(const RateLimitState& state, CommandClass command, Time now) const;
  /// Takes a token for a command that was admitted.
  [[nodiscard]] RateLimitState issued(RateLimitState state, Time now) const;
  /// Whole tokens in the bucket.
  [[nodiscard]] std::uint32_t tokens(const RateLimitState& state, Time now) const;

 private:
  [[nodiscard]] std::int64_t needed(CommandClass command) const;
};

}  // namespace skald
