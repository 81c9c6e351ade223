#include "skald/retry_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "policy_values.hpp"
#include "property.hpp"
#include "skald/participant_state.hpp"

using namespace skald;
using namespace std::chrono_literals;
using skald::test::first_try;
using skald::test::start;

namespace {

constexpr auto retry = CommandClass::later_try;

RetryBudgetPolicy any_budget() {
  RetryBudgetPolicy policy;
  policy.ratio = *rc::gen::inRange(0, 101) / 100.0;
  policy.min_per_second = *rc::gen::element(0.0, 0.5, 1.0, 3.0);
  policy.window = Duration(*rc::gen::inRange(1, 12'000));
  return policy;
}

std::int64_t count_since(const std::vector<Time>& times, Time since) {
  return std::count_if(times.begin(), times.end(), [&](Time t) { return t > since; });
}

RetryBudgetState any_past(const RetryBudgetPolicy& policy, Time now) {
  RetryBudgetState state;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    state = policy.issued(state, *rc::gen::element(first_try, retry), now);
  }
  return state;
}

}  // namespace

TEST_CASE("retries are a share of first attempts, and a floor is always allowed") {
  const RetryBudgetPolicy policy{0.1, 0, 10s};
  RetryBudgetState state;
  for (int i = 0; i < 30; ++i) state = policy.issued(state, first_try, start);
  CHECK(policy.left(state, start) == 3);
  for (int i = 0; i < 3; ++i) state = policy.issued(state, retry, start);
  CHECK_FALSE(policy.admits(state, retry, start));
  CHECK(policy.admits(state, first_try, start));
  CHECK(RetryBudgetPolicy{0, 2, 10s}.left({}, start) == 20);
}

TEST_CASE("what undoes is neither held by the retry budget nor counted in it") {
  const RetryBudgetPolicy policy{0, 0, 10s};
  RetryBudgetState state = policy.issued({}, retry, start);
  REQUIRE_FALSE(policy.admits(state, retry, start));
  CHECK(policy.admits(state, CommandClass::undoing, start));
  CHECK(policy.issued(state, CommandClass::undoing, start) == state);
}

TEST_CASE("without any first attempt one retry per window still comes through") {
  const RetryBudgetPolicy policy{0.2, 0, 10s};
  CHECK(policy.left({}, start) == 1);
  const RetryBudgetState state = policy.issued({}, retry, start);
  const Time next = policy.next(state, retry, start);
  CHECK(next > start);
  CHECK(next <= start + 11s);
  CHECK(policy.admits(state, retry, next));
}

TEST_CASE("retries within a window never pass the share of first attempts and the floor") {
  test::check_property("share", [] {
    const RetryBudgetPolicy policy = any_budget();
    RetryBudgetState state;
    Time now = start;
    std::vector<Time> firsts;
    std::vector<Time> retries;
    const double floor = policy.min_per_second * static_cast<double>(policy.window.count()) / 1e3;
    // A slice is a tenth, rounded up to a whole millisecond; eleven of them are counted.
    const Duration reach = RollingWindow::slice_of(policy.window) * 11;
    for (int i = 0; i < 100; ++i) {
      now += Duration(*rc::gen::inRange(0, 800));
      const CommandClass command = *rc::gen::element(first_try, retry);
      if (!policy.admits(state, command, now)) continue;
      state = policy.issued(state, command, now);
      (command == first_try ? firsts : retries).push_back(now);
      if (command == first_try) continue;
      const double share = policy.ratio * static_cast<double>(count_since(firsts, now - reach));
      const double allowed = std::max(1.0, share + floor + 1e-6);
      RC_ASSERT(static_cast<double>(count_since(retries, now - policy.window)) <= allowed);
    }
  });
}

TEST_CASE("the budget admits at the time that it names, at the latest a window later") {
  test::check_property("next", [] {
    const RetryBudgetPolicy policy = any_budget();
    const RetryBudgetState state = any_past(policy, start);
    const Time next = policy.next(state, retry, start);
    RC_ASSERT(next <= start + RollingWindow::slice_of(policy.window) * 11);
    RC_ASSERT(policy.admits(state, retry, next));
    if (next > start) RC_ASSERT_FALSE(policy.admits(state, retry, next - 1ms));
  });
}

TEST_CASE("a clock that goes back does not hold retries up for longer than a window") {
  test::check_property("never for ever", [] {
    const RetryBudgetPolicy policy = any_budget();
    const RetryBudgetState state = any_past(policy, start);
    const Time back = start - Duration(*rc::gen::inRange(1, 100'000'000));
    RC_ASSERT(policy.next(state, retry, back) <=
              back + RollingWindow::slice_of(policy.window) * 11);
  });
}

TEST_CASE("a budget that was written down and read back goes on as the one that was not") {
  test::check_property("replay", [] {
    const RetryBudgetPolicy policy = any_budget();
    ParticipantState stored;
    stored.retry_budget = any_past(policy, start);
    const auto read = decode_state(encode_state(stored));
    RC_ASSERT(read);
    RC_ASSERT(read->retry_budget == stored.retry_budget);
  });
}
