#include "skald/participant_state.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "policy_values.hpp"

using namespace skald;
using namespace std::chrono_literals;
using skald::test::first_try;
using skald::test::start;

namespace {

CommandEnd failed_end(const ParticipantState& state) {
  return {first_try, state.breaker.generation, LifeSign::failed, "DOWN", {}};
}

}  // namespace

TEST_CASE("without policies everything is admitted and what is in flight is counted") {
  ParticipantState state = after_issue({}, {}, first_try, start);
  CHECK_FALSE(held({}, state, CommandClass::later_try, start));
  CHECK(state.bulkhead.in_flight() == 1);
  state = after_end({}, state, failed_end(state), start);
  CHECK(state.bulkhead.in_flight() == 0);
  CHECK(state.last_error == LastAnswer{start, "DOWN"});
}

TEST_CASE("the outermost policy that refuses is named, with the time at which all of them admit") {
  ParticipantPolicies policies;
  policies.breaker = BreakerPolicy{};
  policies.breaker->failures = 1;
  policies.rate_limit = RateLimitPolicy{{1, 1min}, 1};
  ParticipantState state = after_issue(policies, {}, first_try, start);
  auto hold = held(policies, state, first_try, start);
  REQUIRE(hold);
  CHECK(std::string(hold->policy) == "rate_limit");
  state = after_end(policies, state, failed_end(state), start);
  hold = held(policies, state, first_try, start);
  REQUIRE(hold);
  CHECK(std::string(hold->policy) == "breaker");
  CHECK(hold->until == start + 1min);
  policies.bulkhead = BulkheadPolicy{1, {}};
  state.bulkhead = {1, 0};
  CHECK_FALSE(held(policies, state, first_try, start)->until);
}

TEST_CASE("a restart forgets probes under way and keeps an open breaker open") {
  ParticipantPolicies policies;
  policies.breaker = BreakerPolicy{};
  policies.breaker->failures = 1;
  ParticipantState state = after_issue(policies, {}, first_try, start);
  state = after_end(policies, state, failed_end(state), start);
  CHECK(after_restart(policies, state, start + 1s).breaker == state.breaker);
  const Time later = start + policies.breaker->delay;
  const ParticipantState probing = after_issue(policies, state, first_try, later);
  const ParticipantState anew = after_restart(policies, probing, later);
  CHECK(anew.bulkhead.in_flight() == 0);
  CHECK_FALSE(held(policies, anew, first_try, later));
  CHECK(after_end(policies, anew, failed_end(probing), later).breaker == anew.breaker);
}

TEST_CASE("a call that went well is no reason to write, and a token that was taken is one") {
  ParticipantPolicies policies;
  policies.breaker = BreakerPolicy{};
  policies.retry_budget = RetryBudgetPolicy{};
  const ParticipantState before;
  ParticipantState after = after_issue(policies, before, first_try, start);
  after = after_end(policies, after, {first_try, 1, LifeSign::alive, {}, {}}, start);
  CHECK_FALSE(worth_storing(before, after));
  CHECK(worth_storing(before, after_end(policies, after, failed_end(after), start)));
  CHECK(worth_storing(before, after_issue(policies, before, CommandClass::later_try, start)));
  policies.rate_limit = RateLimitPolicy{{1, 1s}, 1};
  CHECK(worth_storing(before, after_issue(policies, before, first_try, start)));
}

TEST_CASE("a retry is worth writing also when an older one is forgotten in its place") {
  ParticipantPolicies policies;
  policies.retry_budget = RetryBudgetPolicy{0, 0, 1s};
  const ParticipantState before = after_issue(policies, {}, CommandClass::later_try, start);
  const ParticipantState after = after_issue(policies, before, CommandClass::later_try, start + 2s);
  CHECK(after.retry_budget.tries.sum().b == before.retry_budget.tries.sum().b);
  CHECK(worth_storing(before, after));
  CHECK_FALSE(worth_storing(after, after_issue(policies, after, first_try, start + 2s + 300ms)));
}

TEST_CASE("a stored state that makes no sense is not taken") {
  const std::string good = encode_state({});
  REQUIRE(decode_state(good));
  for (const char* const text : {"", "{}", "null", "[]", "{\"v\":1}", "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_state(text));
  }
  const auto with = [&good](const char* at, const Json& value) {
    Json json = Json::parse(good);
    json[Json::json_pointer(at)] = value;
    return json.dump();
  };
  CHECK_FALSE(decode_state(with("/v", 2)));
  CHECK_FALSE(decode_state(with("/breaker/phase", "ajar")));
  CHECK_FALSE(decode_state(with("/breaker/open_for", INT64_MAX)));
  CHECK_FALSE(decode_state(with("/breaker/calls/counts", Json::array())));
  CHECK_FALSE(decode_state(with("/rate_limit/level", -1)));
  CHECK_FALSE(decode_state(with("/retry_budget/newest", "x")));
}
