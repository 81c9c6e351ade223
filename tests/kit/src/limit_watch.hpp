// A participant's rate limit and retry budget, held against the times at which commands were
// issued: by what they promise for every stretch of time, not by buckets and slices.
#pragma once

#include <vector>

#include "skald/command_class.hpp"
#include "skald/rate_limit.hpp"
#include "skald/retry_budget.hpp"

namespace skald::testing {

/// A clock of which only what passes counts: one that was set back has gained nothing.
class PassedTime {
 public:
  /// True when the clock went back.
  bool read(Time at);
  [[nodiscard]] Duration passed() const { return passed_; }

 private:
  Time last_{};
  bool begun_ = false;
  Duration passed_{0};
};

class RateWatch {
 public:
  explicit RateWatch(const RateLimitPolicy& policy) : policy_(policy) {}
  /// Whether one more command keeps within the rate, over every stretch that ends now.
  [[nodiscard]] bool issue(CommandClass command, Time at);
  /// An engine was opened and has read its clock.
  void reopened(Time at) { (void)clock_.read(at); }

 private:
  RateLimitPolicy policy_;
  PassedTime clock_;
  std::vector<Duration> issues_;
};

class BudgetWatch {
 public:
  explicit BudgetWatch(const RetryBudgetPolicy& policy) : policy_(policy) {}
  /// Whether one more command keeps within the budget of the window that ends now.
  [[nodiscard]] bool issue(CommandClass command, Time at);
  /// An engine was opened and has read its clock.
  void reopened(Time at);

 private:
  void forget_the_time();

  RetryBudgetPolicy policy_;
  PassedTime clock_;
  Time counted_{};  // By the engine's clock, the last time.
  std::vector<Duration> first_tries_;
  std::vector<Duration> retries_;
};

}  // namespace skald::testing
