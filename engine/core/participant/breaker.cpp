#include "skald/breaker.hpp"

#include <algorithm>

namespace skald {
namespace {

// Of openings in a row; the delay has reached any cap long before, unless it does not grow.
constexpr std::uint32_t openings_max = 1'000;

void enter(BreakerState& state, BreakerPhase phase) {
  state.phase = phase;
  ++state.generation;
  state.failures_in_row = 0;
  state.probes_in_flight = 0;
  state.probes_alive = 0;
}

void open(const BreakerPolicy& policy, BreakerState& state, std::optional<Duration> retry_after,
          Time now) {
  enter(state, BreakerPhase::open);
  state.openings = std::min(state.openings + 1, openings_max);
  state.calls = {};
  const auto most = static_cast<double>(policy.max_delay.value_or(policy.delay).count());
  auto delay = static_cast<double>(policy.delay.count());
  for (std::uint32_t i = 1; i < state.openings && delay < most; ++i) delay *= policy.multiplier;
  state.open_for = Duration(static_cast<Duration::rep>(std::min(delay, most)));
  if (retry_after) state.open_for = std::max(state.open_for, *retry_after);
  state.opened_at = now;
}

bool too_many(const BreakerPolicy& policy, const BreakerState& state) {
  if (policy.failures > 0 && state.failures_in_row >= policy.failures) return true;
  if (policy.failure_rate <= 0) return false;
  const auto [calls, failed] = state.calls.sum();
  return calls >= policy.min_calls &&
         static_cast<double>(failed) >= policy.failure_rate * static_cast<double>(calls);
}

}  // namespace

const char* to_string(BreakerPhase phase) {
  switch (phase) {
    case BreakerPhase::closed: return "closed";
    case BreakerPhase::open: return "open";
    case BreakerPhase::half_open: return "half-open";
  }
  return "closed";
}

BreakerState BreakerPolicy::set(BreakerState state, BreakerPhase phase, std::optional<Time> until,
                                Time now) const {
  state.set_until = until;
  if (phase == BreakerPhase::open) {
    open(*this, state, std::nullopt, now);
    if (until) state.open_for = *until - now;
  } else {
    enter(state, BreakerPhase::closed);
    state.calls = {};
  }
  state.openings = 0;
  return state;
}

BreakerState BreakerPolicy::at(BreakerState state, Time now) const {
  if (state.set_until && *state.set_until <= now) state.set_until.reset();
  if (state.phase != BreakerPhase::open) return state;
  state.opened_at = std::min(state.opened_at, now);
  if (later(state.opened_at, state.open_for) <= now) enter(state, BreakerPhase::half_open);
  return state;
}

bool BreakerPolicy::admits(const BreakerState& before, Time now) const {
  const BreakerState state = at(before, now);
  if (state.phase == BreakerPhase::closed) return true;
  return state.phase == BreakerPhase::half_open && state.probes_in_flight < probes;
}

std::optional<Time> BreakerPolicy::next(const BreakerState& before, Time now) const {
  const BreakerState state = at(before, now);
  if (state.phase == BreakerPhase::open) return later(state.opened_at, state.open_for);
  if (admits(state, now)) return now;
  return std::nullopt;
}

BreakerState BreakerPolicy::issued(BreakerState state, Time now) const {
  state = at(state, now);
  if (state.phase == BreakerPhase::half_open) ++state.probes_in_flight;
  return state;
}

BreakerState BreakerPolicy::ended(BreakerState state, std::uint64_t generation, LifeSign sign,
                                  std::optional<Duration> retry_after, Time now) const {
  state = at(state, now);
  if (generation != state.generation) return state;
  const bool probing = state.phase == BreakerPhase::half_open;
  if (probing) state.probes_in_flight -= std::min(state.probes_in_flight, 1U);
  if (sign == LifeSign::none || state.set_until) return state;
  if (probing && sign == LifeSign::failed) {
    open(*this, state, retry_after, now);
  } else if (probing) {
    if (++state.probes_alive < successes) return state;
    enter(state, BreakerPhase::closed);
    state.openings = 0;
  } else {
    const bool failed = sign == LifeSign::failed;
    state.failures_in_row = failed ? std::min(state.failures_in_row, UINT32_MAX - 1) + 1 : 0;
    if (failure_rate > 0) state.calls = state.calls.plus(window, {1, failed ? 1U : 0U}, now);
    if (failed && too_many(*this, state)) open(*this, state, retry_after, now);
  }
  return state;
}

}  // namespace skald
