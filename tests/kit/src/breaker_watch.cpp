#include "breaker_watch.hpp"

#include <algorithm>

namespace skald::testing {

void BreakerWatch::enter(BreakerPhase phase) {
  phase_ = phase;
  ++number_;
  in_row_ = 0;
  probes_ = 0;
  living_ = 0;
}

// A delay that is over makes it half open; a clock that went back begins the delay anew.
void BreakerWatch::roll(Time at) {
  if (phase_ != BreakerPhase::open) return;
  opened_at_ = std::min(opened_at_, at);
  if (open_until() <= at) enter(BreakerPhase::half_open);
}

void BreakerWatch::open(std::optional<Duration> retry_after, Time at) {
  enter(BreakerPhase::open);
  ++openings_;
  calls_ = {};
  const auto most = static_cast<double>(policy_.max_delay.value_or(policy_.delay).count());
  auto delay = static_cast<double>(policy_.delay.count());
  for (std::uint32_t i = 1; i < openings_ && delay < most; ++i) delay *= policy_.multiplier;
  open_for_ = Duration(static_cast<Duration::rep>(std::min(delay, most)));
  // What a participant asks for is cut at a hundred years.
  open_for_ = std::max(open_for_, std::min(retry_after.value_or(Duration::zero()), duration_max));
  opened_at_ = at;
}

bool BreakerWatch::issue(Time at) {
  roll(at);
  if (phase_ == BreakerPhase::closed) return true;
  const bool probes = phase_ == BreakerPhase::half_open && probes_ < policy_.probes;
  if (phase_ == BreakerPhase::half_open) ++probes_;
  return probes;
}

void BreakerWatch::end(std::uint64_t phase_number, LifeSign sign,
                       std::optional<Duration> retry_after, Time at) {
  roll(at);
  if (phase_number != number_) return;
  if (phase_ == BreakerPhase::half_open && probes_ > 0) --probes_;
  if (sign == LifeSign::none) return;
  const bool failed = sign == LifeSign::failed;
  if (phase_ == BreakerPhase::closed) {
    count(failed, retry_after, at);
  } else if (failed) {
    open(retry_after, at);
  } else if (++living_ >= policy_.successes) {
    enter(BreakerPhase::closed);
    openings_ = 0;
  }
}

void BreakerWatch::count(bool failed, std::optional<Duration> retry_after, Time at) {
  in_row_ = failed ? in_row_ + 1 : 0;
  if (policy_.failure_rate > 0) {
    calls_ = calls_.plus(policy_.window, {1, failed ? 1U : 0U}, at);
  }
  if (!failed) return;
  const auto [all, bad] = calls_.sum();
  const bool in_row = policy_.failures > 0 && in_row_ >= policy_.failures;
  const bool rate = policy_.failure_rate > 0 && all >= policy_.min_calls &&
                    static_cast<double>(bad) >= policy_.failure_rate * static_cast<double>(all);
  if (in_row || rate) open(retry_after, at);
}

void BreakerWatch::reopened(Time at) {
  calls_ = stored_calls_;
  if (policy_.failure_rate > 0) calls_ = calls_.at(policy_.window, at);
  roll(at);
  if (phase_ != BreakerPhase::half_open) return;
  ++number_;
  probes_ = 0;
}

}  // namespace skald::testing
