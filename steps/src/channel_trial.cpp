#include "channel_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp_failure.hpp"
#include "skald/time.hpp"
#include "wake_signal.hpp"

namespace skald {

namespace {

using std::chrono::milliseconds;

// After so long a channel that confirms and does not refuse has passed.
constexpr milliseconds trial_period{10'000};
// A refused message is published again sooner than this: then it is refused again, or it is not.
constexpr milliseconds refusal_counts{1'000};
// Between the first channel that is given up and the second.
constexpr milliseconds first_delay{500};

milliseconds left(ChannelTrial::Moment until, ChannelTrial::Moment now) {
  return std::chrono::ceil<milliseconds>(until - now);
}

}  // namespace

ChannelTrial::ChannelTrial(const AmqpOptions& options)
    : confirm_limit_(std::min(options.trial_confirm_timeout, options.confirm_timeout)),
      delay_max_(options.confirm_timeout) {}

void ChannelTrial::opened(Moment now) {
  on_trial_ = !std::exchange(first_, false);
  confirmed_ = false;
  opened_at_ = now;
  refused_at_.reset();
}

milliseconds ChannelTrial::check(std::optional<Moment> owed_since, Moment now,
                                 const std::string& peer) {
  if (!on_trial_) return no_hurry;
  const bool refuses = refused_at_ && now - *refused_at_ < refusal_counts;
  const auto silence_left = owed_since ? left(*owed_since + confirm_limit_, now) : no_hurry;
  if (refuses || silence_left.count() <= 0) {
    if (now < not_before_) return left(not_before_, now);
    give_up(refuses
                ? fmt::format("{} refused a message on a new channel; opening another", peer)
                : fmt::format("{} has confirmed nothing for {} on a new channel; opening another",
                              peer, format_duration(confirm_limit_)),
            now);
  }
  if (!confirmed_) return silence_left;
  const auto trial_left = left(opened_at_ + trial_period, now);
  if (trial_left.count() > 0) return std::min(silence_left, trial_left);
  pass();
  return no_hurry;
}

void ChannelTrial::give_up(const std::string& why, Moment now) {
  delay_ = delay_.count() == 0 ? first_delay : std::min(2 * delay_, delay_max_);
  not_before_ = now + delay_;
  throw SuspectChannel(why, std::exchange(outage_, true));
}

void ChannelTrial::pass() {
  on_trial_ = false;
  outage_ended_ = std::exchange(outage_, false);
  delay_ = milliseconds{0};
  not_before_ = {};
}

bool ChannelTrial::outage_ended() { return std::exchange(outage_ended_, false); }

}  // namespace skald
