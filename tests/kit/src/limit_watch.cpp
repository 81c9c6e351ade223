#include "limit_watch.hpp"

#include <algorithm>

namespace skald::testing {

bool PassedTime::read(Time at) {
  const bool back = begun_ && at < last_;
  if (begun_ && !back) passed_ += at - last_;
  begun_ = true;
  last_ = at;
  return back;
}

bool RateWatch::issue(CommandClass command, Time at) {
  (void)clock_.read(at);
  const Duration now = clock_.passed();
  issues_.push_back(now);
  const std::uint32_t reserve =
      command == CommandClass::undoing ? 0 : reserved_share(policy_.burst);
  const std::int64_t burst = policy_.burst - reserve;
  std::int64_t issued = 0;
  for (auto it = issues_.rbegin(); it != issues_.rend(); ++it) {
    const std::int64_t refilled = (now - *it).count() * policy_.rate.count;  // In parts of a token.
    if ((++issued - burst) * policy_.rate.period.count() > refilled) return false;
  }
  return true;
}

void BudgetWatch::reopened(Time at) {
  // Also when it was an engine before that met the clock set back and died, having counted nothing.
  if (clock_.read(at) || at < counted_) forget_the_time();
}

// What was counted is older or younger than the clock can tell: take what allows most.
void BudgetWatch::forget_the_time() {
  retries_.clear();
  std::fill(first_tries_.begin(), first_tries_.end(), clock_.passed());
}

bool BudgetWatch::issue(CommandClass command, Time at) {
  if (command == CommandClass::undoing) return true;
  if (clock_.read(at)) forget_the_time();
  counted_ = at;
  const Duration now = clock_.passed();
  (command == CommandClass::first_try ? first_tries_ : retries_).push_back(now);
  if (command == CommandClass::first_try) return true;
  // It is counted by tenths, so what is a little older may count, too.
  const Duration slice = (policy_.window + Duration{9}) / 10;
  const auto within = [now](const std::vector<Duration>& times, Duration window) {
    return static_cast<double>(std::count_if(times.begin(), times.end(),
                                             [&](Duration time) { return now - time < window; }));
  };
  const double seconds = std::chrono::duration<double>(policy_.window).count();
  const double share = policy_.ratio * within(first_tries_, 11 * slice);
  const double allowed = std::max(1.0, share + policy_.min_per_second * seconds + 1e-9);
  return within(retries_, policy_.window) <= allowed;
}

}  // namespace skald::testing
