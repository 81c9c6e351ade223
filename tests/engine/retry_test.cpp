#include "skald/retry.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "property.hpp"

using namespace skald;
using namespace std::chrono_literals;

namespace {

RetryPolicy any_policy() {
  RetryPolicy policy;
  policy.initial_delay = Duration(*rc::gen::inRange<Duration::rep>(1, 10'000'000));
  policy.max_delay = Duration(*rc::gen::inRange<Duration::rep>(1, 3155760000000));
  policy.multiplier = 1 + *rc::gen::inRange(0, 999'000) / 1000.0;
  return policy;
}

}  // namespace

TEST_CASE("the delay grows by the multiplier up to its cap") {
  RetryPolicy policy;
  policy.jitter = Jitter::none;
  policy.initial_delay = 200ms;
  policy.max_delay = 1s;
  CHECK(retry_delay(policy, 1, "x", {}) == 200ms);
  CHECK(retry_delay(policy, 2, "x", {}) == 400ms);
  CHECK(retry_delay(policy, 3, "x", {}) == 800ms);
  CHECK(retry_delay(policy, 4, "x", {}) == 1s);
  CHECK(retry_delay(policy, UINT32_MAX, "x", {}) == 1s);
  policy.multiplier = 1;
  CHECK(retry_delay(policy, UINT32_MAX, "x", {}) == 200ms);
}

TEST_CASE("a participant's retry_after is obeyed even beyond the cap") {
  RetryPolicy policy;
  policy.jitter = Jitter::none;
  CHECK(retry_delay(policy, 1, "x", 1h) == 1h);
  CHECK(retry_delay(policy, 1, "x", 1ms) == 200ms);
}

TEST_CASE("without jitter the delay never shrinks and never passes its cap") {
  test::check_property("monotone and capped", [](std::uint32_t attempts) {
    RetryPolicy policy = any_policy();
    policy.jitter = Jitter::none;
    attempts = std::max(attempts, 1U);
    const Duration delay = retry_delay(policy, attempts, "seed", {});
    RC_ASSERT(delay >= std::min(policy.initial_delay, policy.max_delay));
    RC_ASSERT(delay <= policy.max_delay);
    if (attempts < UINT32_MAX) RC_ASSERT(retry_delay(policy, attempts + 1, "seed", {}) >= delay);
  });
}

TEST_CASE("jitter stays within its bounds, and the same seed gives the same delay") {
  test::check_property("bounds", [](const std::string& seed, std::uint32_t attempts) {
    RetryPolicy policy = any_policy();
    policy.jitter = Jitter::none;
    const Duration computed = retry_delay(policy, attempts, seed, {});
    policy.jitter = Jitter::full;
    const Duration full = retry_delay(policy, attempts, seed, {});
    RC_ASSERT(full >= 0ms);
    RC_ASSERT(full <= computed);
    RC_ASSERT(full == retry_delay(policy, attempts, std::string(seed), {}));
    policy.jitter = Jitter::equal;
    const Duration equal = retry_delay(policy, attempts, seed, {});
    RC_ASSERT(equal >= computed / 2);
    RC_ASSERT(equal <= computed);
  });
}

TEST_CASE("jitter spreads the commands of neighbouring sagas evenly") {
  RetryPolicy policy;
  policy.initial_delay = policy.max_delay = 999ms;
  std::array<int, 10> tenths{};
  for (int i = 0; i < 10'000; ++i) {
    const std::string seed =
        "017f22e2-79b0-7cc3-98c4-dc0c0c0" + std::to_string(10'000 + i) + "/charge/action/1";
    ++tenths[static_cast<std::size_t>(retry_delay(policy, 1, seed, {}).count() / 100)];
  }
  // 1000 are expected in each; five standard deviations are 150.
  for (const int count : tenths) CHECK(std::abs(count - 1000) < 150);
}

TEST_CASE("error codes decide whether another attempt is worth it") {
  RetryPolicy policy;
  CHECK(worth_retrying(policy, "ANY"));
  policy.retry_on = {"BUSY", "TIMEOUT"};
  CHECK(worth_retrying(policy, "BUSY"));
  CHECK_FALSE(worth_retrying(policy, "ANY"));
  policy.abort_on = {"BUSY"};
  CHECK_FALSE(worth_retrying(policy, "BUSY"));
  policy.retry_on.clear();
  CHECK(worth_retrying(policy, "TIMEOUT"));
  CHECK_FALSE(worth_retrying(policy, "BUSY"));
}
