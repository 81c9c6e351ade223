#include "skald/rate_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace skald {
namespace {

constexpr std::uint32_t rate_count_max = 1'000'000;
constexpr Duration period_max{86'400'000};

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Rate rate;
  const char* const end = text.data() + slash;
  const auto [stop, error] = std::from_chars(text.data(), end, rate.count);
  if (error != std::errc{} || stop != end || rate.count < 1 || rate.count > rate_count_max) {
    return std::nullopt;
  }
  const std::string_view per = text.substr(slash + 1);
  const bool counted = !per.empty() && per.front() >= '0' && per.front() <= '9';
  const auto period = parse_duration(counted ? std::string(per) : "1" + std::string(per));
  if (!period || *period <= Duration::zero() || *period > period_max) return std::nullopt;
  rate.period = *period;
  return rate;
}

std::string format_rate(const Rate& rate) {
  std::string period = format_duration(rate.period);
  const bool one = period.size() >= 2 && period[0] == '1' && (period[1] < '0' || period[1] > '9');
  return fmt::format("{}/{}", rate.count, one ? period.substr(1) : period);
}

RateLimitState RateLimitPolicy::at(RateLimitState state, Time now) const {
  const std::int64_t full = static_cast<std::int64_t>(burst) * rate.period.count();
  if (state.period == Duration::zero()) return {full, rate.period, now};
  if (state.period != rate.period) {
    // The policy was changed: the tokens stay, measured anew. Levels are below 10^14, periods
    // below 10^8, so the whole tokens and the rest are converted apart.
    const std::int64_t whole = state.level / state.period.count();
    const std::int64_t rest = state.level % state.period.count();
    state.level = whole * rate.period.count() + rest * rate.period.count() / state.period.count();
    state.period = rate.period;
  }
  state.level = std::clamp<std::int64_t>(state.level, 0, full);
  if (now > state.at) {
    const std::int64_t to_full = (full - state.level + rate.count - 1) / rate.count;
    const std::int64_t passed = (now - state.at).count();
    state.level = passed >= to_full ? full : state.level + passed * rate.count;
  }
  state.at = now;
  return state;
}

std::int64_t RateLimitPolicy::needed(CommandClass command) const {
  const std::uint32_t reserve = command == CommandClass::undoing ? 0 : reserved_share(burst);
  return (std::int64_t{1} + reserve) * rate.period.count();
}

bool RateLimitPolicy::admits(const RateLimitState& state, CommandClass command, Time now) const {
  return at(state, now).level >= needed(command);
}

Time RateLimitPolicy::next(const RateLimitState& state, CommandClass command, Time now) const {
  const std::int64_t missing = needed(command) - at(state, now).level;
  if (missing <= 0) return now;
  return later(now, Duration((missing + rate.count - 1) / rate.count));
}

RateLimitState RateLimitPolicy::issued(RateLimitState state, Time now) const {
  state = at(state, now);
  state.level = std::max<std::int64_t>(0, state.level - rate.period.count());
  return state;
}

std::uint32_t RateLimitPolicy::tokens(const RateLimitState& state, Time now) const {
  return static_cast<std::uint32_t>(at(state, now).level / rate.period.count());
}

}  // namespace skald
