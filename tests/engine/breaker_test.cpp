#include "skald/breaker.hpp"

#include <doctest/doctest.h>

#include <deque>

#include "policy_values.hpp"
#include "property.hpp"
#include "skald/participant_state.hpp"

using namespace skald;
using namespace std::chrono_literals;
using skald::test::start;

namespace {

BreakerState fail(const BreakerPolicy& policy, BreakerState state, Time now, int times = 1,
                  std::optional<Duration> retry_after = {}) {
  for (int i = 0; i < times; ++i) {
    state = policy.ended(state, state.generation, LifeSign::failed, retry_after, now);
  }
  return state;
}

BreakerState live(const BreakerPolicy& policy, const BreakerState& state, Time now) {
  return policy.ended(state, state.generation, LifeSign::alive, {}, now);
}

BreakerPolicy any_breaker() {
  BreakerPolicy policy;
  policy.failures = *rc::gen::inRange(0U, 6U);
  policy.failure_rate = policy.failures == 0 || *rc::gen::arbitrary<bool>() ? 0.5 : 0;
  policy.min_calls = *rc::gen::inRange(1U, 8U);
  policy.window = Duration(*rc::gen::inRange(1, 20'000));
  policy.delay = Duration(*rc::gen::inRange(1, 10'000));
  if (*rc::gen::arbitrary<bool>()) policy.max_delay = policy.delay * *rc::gen::inRange(1, 9);
  policy.probes = *rc::gen::inRange(1U, 4U);
  policy.successes = *rc::gen::inRange(1U, 4U);
  return policy;
}

LifeSign any_sign() {
  return *rc::gen::weightedElement<LifeSign>(
      {{4, LifeSign::failed}, {3, LifeSign::alive}, {1, LifeSign::none}});
}

// A participant under a breaker, and what it must never see.
struct World {
  BreakerPolicy policy = any_breaker();
  BreakerState state;
  Time now = start;
  std::deque<std::uint64_t> in_flight;
  std::optional<Time> opened_at;  // By the clock, which goes forward only.

  void issue_if_admitted() {
    const bool admitted = policy.admits(state, now);
    RC_ASSERT(admitted == (policy.next(state, now) == now || state.phase == BreakerPhase::closed));
    if (opened_at && now < *opened_at + policy.delay) RC_ASSERT_FALSE(admitted);
    if (!admitted) return;
    state = policy.issued(state, now);
    opened_at.reset();
    in_flight.push_back(state.generation);
    RC_ASSERT(state.probes_in_flight <= policy.probes);
  }

  void end_one() {
    if (in_flight.empty()) return;
    const auto which = *rc::gen::inRange<std::size_t>(0, in_flight.size());
    const std::uint64_t generation = in_flight[which];
    in_flight.erase(in_flight.begin() + static_cast<std::ptrdiff_t>(which));
    const std::uint32_t openings = state.openings;
    state = policy.ended(state, generation, any_sign(), {}, now);
    if (state.openings > openings) opened_at = now;
  }
};

}  // namespace

TEST_CASE("so many failures in a row open the breaker, and a living answer between them does not") {
  BreakerPolicy policy;
  policy.failures = 3;
  BreakerState state = fail(policy, {}, start, 2);
  state = fail(policy, live(policy, state, start), start, 2);
  CHECK(policy.admits(state, start));
  state = fail(policy, state, start);
  CHECK(state.phase == BreakerPhase::open);
  CHECK_FALSE(policy.admits(state, start + policy.delay - 1ms));
  CHECK(policy.next(state, start) == start + policy.delay);
  CHECK(policy.admits(state, start + policy.delay));
}

TEST_CASE("a share of failed calls opens the breaker once there are enough calls to tell") {
  BreakerPolicy policy;
  policy.failures = 0;
  policy.failure_rate = 0.5;
  policy.min_calls = 4;
  policy.window = 10s;
  BreakerState state = live(policy, fail(policy, {}, start, 2), start);
  CHECK(state.phase == BreakerPhase::closed);
  CHECK(fail(policy, state, start).phase == BreakerPhase::open);
  // Outside the window they are forgotten.
  CHECK(fail(policy, state, start + 11s).phase == BreakerPhase::closed);
}

TEST_CASE("the participant's retry_after keeps the breaker open for longer, even beyond its cap") {
  BreakerPolicy policy;
  policy.failures = 1;
  policy.max_delay = 20s;
  CHECK(policy.next(fail(policy, {}, start, 1, 1min), start) == start + 1min);
  CHECK(policy.next(fail(policy, {}, start, 1, 1ms), start) == start + 10s);
}

TEST_CASE("with every probe that fails the breaker stays open for longer, up to its cap") {
  BreakerPolicy policy;
  policy.failures = 1;
  policy.max_delay = 35s;
  BreakerState state;
  Time now = start;
  for (const Duration expected : {10s, 20s, 35s, 35s}) {
    state = policy.issued(state, now);
    state = fail(policy, state, now);
    CHECK(policy.next(state, now) == now + expected);
    now += expected;
  }
  state = live(policy, policy.issued(state, now), now);
  CHECK(state.phase == BreakerPhase::closed);
  CHECK(policy.next(fail(policy, state, now), now) == now + 10s);
}

TEST_CASE("half open lets so many probes out at a time, and so many living ones close it") {
  BreakerPolicy policy;
  policy.failures = 1;
  policy.probes = 2;
  policy.successes = 3;
  const Time later = start + policy.delay;
  BreakerState state = fail(policy, {}, start);
  state = policy.issued(policy.issued(state, later), later);
  CHECK_FALSE(policy.admits(state, later));
  CHECK_FALSE(policy.next(state, later));
  state = live(policy, state, later);
  state = live(policy, policy.issued(state, later), later);
  CHECK(state.phase == BreakerPhase::half_open);
  CHECK(live(policy, state, later).phase == BreakerPhase::closed);
}

TEST_CASE("what was sent before the outage says nothing about it any more") {
  BreakerPolicy policy;
  policy.failures = 1;
  const std::uint64_t before = BreakerState{}.generation;
  BreakerState state = fail(policy, {}, start);
  const Time later = start + policy.delay;
  state = policy.issued(state, later);
  CHECK(policy.ended(state, before, LifeSign::failed, {}, later) == state);
  CHECK(policy.ended(state, before, LifeSign::alive, {}, later) == state);
}

TEST_CASE("a probe that was withdrawn makes room for another") {
  BreakerPolicy policy;
  policy.failures = 1;
  const Time later = start + policy.delay;
  BreakerState state = policy.issued(fail(policy, {}, start), later);
  state = policy.ended(state, state.generation, LifeSign::none, {}, later);
  CHECK(state.phase == BreakerPhase::half_open);
  CHECK(policy.admits(state, later));
}

TEST_CASE("a clock that goes back does not hold the breaker open for longer than its delay") {
  BreakerPolicy policy;
  policy.failures = 1;
  const BreakerState state = fail(policy, {}, start);
  const Time back = start - 1h;
  CHECK(policy.next(state, back) == back + policy.delay);
  CHECK(policy.admits(policy.at(state, back), back + policy.delay));
}

TEST_CASE("an open breaker admits nothing before its time, and never more probes than it may") {
  test::check_property("never early, never too many", [] {
    World world;
    for (int i = 0; i < 60; ++i) {
      world.now += Duration(*rc::gen::inRange(0, 3'000));
      *rc::gen::arbitrary<bool>() ? world.issue_if_admitted() : world.end_one();
    }
  });
}

TEST_CASE("a breaker whose probes are answered admits again, whatever the clock did") {
  test::check_property("never for ever", [] {
    const BreakerPolicy policy = any_breaker();
    BreakerState state;
    Time now = start;
    for (int i = 0; i < 40; ++i) {
      now += Duration(*rc::gen::inRange(-20'000, 20'000));
      if (policy.admits(state, now)) state = policy.issued(state, now);
      state = policy.ended(state, state.generation, any_sign(), {}, now);
      const auto next = policy.next(state, now);
      if (!next) RC_ASSERT(state.probes_in_flight >= policy.probes);
      if (next) RC_ASSERT(*next <= now + policy.max_delay.value_or(policy.delay));
      if (next) RC_ASSERT(policy.admits(policy.at(state, now), *next));
    }
  });
}

TEST_CASE("a breaker that was written down and read back goes on as the one that was not") {
  test::check_property("replay", [] {
    World world;
    for (int i = 0; i < 40; ++i) {
      world.now += Duration(*rc::gen::inRange(0, 3'000));
      *rc::gen::arbitrary<bool>() ? world.issue_if_admitted() : world.end_one();
      ParticipantState stored;
      stored.breaker = world.state;
      const auto read = decode_state(encode_state(stored));
      RC_ASSERT(read);
      RC_ASSERT(read->breaker == world.state);
      world.state = read->breaker;
    }
  });
}
