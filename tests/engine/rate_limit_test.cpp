#include "skald/rate_limit.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "policy_values.hpp"
#include "property.hpp"
#include "skald/participant_state.hpp"

using namespace skald;
using namespace std::chrono_literals;
using skald::test::start;

namespace {

RateLimitPolicy any_limit() {
  RateLimitPolicy policy;
  policy.rate.count = *rc::gen::inRange(1U, 50U);
  policy.rate.period = Duration(*rc::gen::element(1, 7, 250, 1'000, 60'000));
  policy.burst = *rc::gen::inRange(1U, 20U);
  return policy;
}

CommandClass any_class() {
  return *rc::gen::element(CommandClass::undoing, CommandClass::first_try, CommandClass::later_try);
}

RateLimitState through_the_store(const RateLimitState& state) {
  ParticipantState stored;
  stored.rate_limit = state;
  return decode_state(encode_state(stored)).value().rate_limit;
}

}  // namespace

TEST_CASE("a rate is a count, a stroke and a unit or duration") {
  CHECK(parse_rate("100/s") == Rate{100, 1s});
  CHECK(parse_rate("10/m") == Rate{10, 1min});
  CHECK(parse_rate("3/250ms") == Rate{3, 250ms});
  for (const char* const text :
       {"", "/s", "0/s", "-1/s", "1/", "1/x", "1.5/s", "1000001/s", "1/2d", "1/0s", "1 /s", "s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text));
  }
  for (const char* const text : {"100/s", "10/m", "3/250ms", "1/10s", "5/h", "1/d", "1/ms"}) {
    CHECK(format_rate(*parse_rate(text)) == text);
  }
}

TEST_CASE("a full bucket lets its burst through at once and then the rate, to the millisecond") {
  const RateLimitPolicy policy{{10, 1s}, 2};
  RateLimitState state;
  for (int i = 0; i < 2; ++i) {
    REQUIRE(policy.admits(state, CommandClass::first_try, start));
    state = policy.issued(state, start);
  }
  CHECK_FALSE(policy.admits(state, CommandClass::first_try, start));
  CHECK(policy.next(state, CommandClass::first_try, start) == start + 100ms);
  CHECK_FALSE(policy.admits(state, CommandClass::first_try, start + 99ms));
  CHECK(policy.admits(state, CommandClass::first_try, start + 100ms));
}

TEST_CASE("the last fifth of the burst is for what undoes") {
  const RateLimitPolicy policy{{1, 1s}, 10};
  RateLimitState state;
  for (int i = 0; i < 8; ++i) {
    REQUIRE(policy.admits(state, CommandClass::first_try, start));
    state = policy.issued(state, start);
  }
  CHECK_FALSE(policy.admits(state, CommandClass::first_try, start));
  CHECK_FALSE(policy.admits(state, CommandClass::later_try, start));
  CHECK(policy.admits(state, CommandClass::undoing, start));
  CHECK(policy.tokens(state, start) == 2);
}

TEST_CASE("a rate that is changed keeps the tokens that are left") {
  const RateLimitPolicy before{{1, 1s}, 10};
  const RateLimitPolicy after{{1, 1min}, 5};
  RateLimitState state;
  for (int i = 0; i < 7; ++i) state = before.issued(state, start);
  CHECK(after.tokens(state, start) == 3);
  CHECK(after.tokens({}, start) == 5);
}

TEST_CASE("in no stretch of time is more admitted than the burst and what the rate gives") {
  test::check_property("rate * t + burst", [] {
    const RateLimitPolicy policy = any_limit();
    RateLimitState state;
    Time now = start;
    std::vector<Time> admitted;
    for (int i = 0; i < 80; ++i) {
      now += Duration(*rc::gen::inRange<Duration::rep>(0, policy.rate.period.count() + 1));
      const CommandClass command = any_class();
      if (!policy.admits(state, command, now)) continue;
      state = policy.issued(state, now);
      if (*rc::gen::arbitrary<bool>()) state = through_the_store(state);
      admitted.push_back(now);
      for (std::size_t from = 0; from < admitted.size(); ++from) {
        const auto count = static_cast<std::int64_t>(admitted.size() - from);
        const std::int64_t elapsed = (now - admitted[from]).count();
        RC_ASSERT((count - policy.burst) * policy.rate.period.count() <=
                  elapsed * policy.rate.count);
      }
    }
  });
}

TEST_CASE("it admits at the time that it names and not a millisecond before") {
  test::check_property("exact", [] {
    const RateLimitPolicy policy = any_limit();
    RateLimitState state;
    Time now = start;
    for (int i = 0; i < 40; ++i) {
      const CommandClass command = any_class();
      const Time next = policy.next(state, command, now);
      RC_ASSERT(next >= now);
      RC_ASSERT(policy.admits(state, command, next));
      if (next > now) RC_ASSERT_FALSE(policy.admits(state, command, next - 1ms));
      now = next;
      state = policy.issued(state, now);
    }
  });
}

TEST_CASE("a clock that goes back does not hold the rate limit up for longer than before") {
  test::check_property("never for ever", [] {
    const RateLimitPolicy policy = any_limit();
    RateLimitState state;
    Time now = start;
    for (int i = 0; i < 60; ++i) {
      const CommandClass command = any_class();
      const Duration wait = policy.next(state, command, now) - now;
      now += Duration(*rc::gen::inRange(-100'000, 1'000));
      RC_ASSERT(policy.next(state, command, now) - now <= wait);
      if (policy.admits(state, command, now))
        state = policy.issued(state, now);
      else
        state = policy.at(state, now);
    }
  });
}
