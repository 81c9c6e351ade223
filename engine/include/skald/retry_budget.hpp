// The retry budget of a participant: retries are at most a share of first attempts, so that an
// outage is not followed by a storm.
#pragma once

#include <cstdint>
#include <optional>

#include "skald/command_class.hpp"
#include "skald/rolling_window.hpp"
#include "skald/time.hpp"

namespace skald {

struct RetryBudgetState {
  RollingWindow tries;  ///< a: first attempts, b: retries.
  friend bool operator==(const RetryBudgetState&, const RetryBudgetState&) = default;
};

struct RetryBudgetPolicy {
  double ratio = 0.2;         ///< Retries per first attempt, up to 1.
  double min_per_second = 1;  ///< Retries that are always allowed; 0 is one per window.
  Duration window{10'000};    ///< In which both are counted.
  friend bool operator==(const RetryBudgetPolicy&, const RetryBudgetPolicy&) = default;

  /// What undoes is neither held nor counted; first attempts are counted.
  [[nodiscard]] bool admits(const RetryBudgetState& state, CommandClass command, Time now) const;
  /// When so much is forgotten that it admits, if nothing else is issued.
  [[nodiscard]] Time next(const RetryBudgetState& state, CommandClass command, Time now) const;
  [[nodiscard]] RetryBudgetState issued(RetryBudgetState state, CommandClass command,
                                        Time now) const;
  /// How many retries it would admit at once.
  [[nodiscard]] std::uint64_t left(const RetryBudgetState& state, Time now) const;
};

}  // namespace skald
