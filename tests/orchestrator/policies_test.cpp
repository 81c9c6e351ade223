// What each policy of a participant holds back, and what it lets through.
#include <doctest/doctest.h>

#include <algorithm>

#include "policy_world.hpp"

using namespace skald;
using namespace skald::testing;
using namespace std::chrono_literals;

TEST_CASE("an outage opens the breaker; who waits burns no attempts, and all of them complete") {
  PolicyWorld world(two_steps(R"({"breaker": {"failures": 2, "delay": "10s"}})", patient_retry));
  const auto failed = world.start(2);
  for (const Command& command : world.take("inventory")) {
    world.answer(command, Outcome::failed("DOWN"));
  }
  REQUIRE(world.engine.breaker_changes.size() == 1);
  CHECK(world.engine.breaker_changes[0].participant == "inventory");
  CHECK(world.engine.breaker_changes[0].to == BreakerPhase::open);
  CHECK(world.engine.breaker_changes[0].error_code == "DOWN");
  const Time reopens = world.engine.now + 10s;
  CHECK(world.engine.breaker_changes[0].until == reopens);

  const auto waiting = world.start(5);
  CHECK(world.engine.channel.sent.empty());
  while (world.engine.now < reopens) world.wait();
  CHECK(world.engine.now == reopens);
  const auto probes = world.take("inventory");
  REQUIRE(probes.size() == 1);
  CHECK(probes[0].id.saga == waiting[0]);  // The two that failed came later, with their retries.
  for (const SagaId& id : waiting) CHECK(world.attempts(id) == (id == waiting[0] ? 1 : 0));
  for (const SagaId& id : failed) CHECK(world.attempts(id) == 1);

  world.answer(probes[0], Outcome::success());
  CHECK(world.engine.breaker_changes.back().to == BreakerPhase::closed);
  CHECK(world.engine.breaker_changes.size() == 3);
  world.finish();
  for (const SagaId& id : waiting) {
    CHECK(world.engine.status(id) == Status::completed);
    CHECK(world.attempts(id) == 1);
  }
  for (const SagaId& id : failed) CHECK(world.engine.status(id) == Status::completed);
}

TEST_CASE("a probe that fails opens the breaker again, for as long as its reply asks") {
  PolicyWorld world(two_steps(R"({"breaker": {"failures": 1, "delay": "10s"}})", patient_retry));
  (void)world.start(2);
  for (const Command& command : world.take("inventory")) {
    world.answer(command, Outcome::failed("DOWN"));
  }
  while (world.engine.channel.sent.empty()) world.wait();
  const Time probed = world.engine.now;
  world.answer(world.engine.channel.take(), Outcome::failed("DOWN", {}, 1min));
  CHECK(world.engine.breaker_changes.back().to == BreakerPhase::open);
  CHECK(world.engine.breaker_changes.back().until == probed + 1min);
  while (world.engine.channel.sent.empty()) world.wait();
  CHECK(world.engine.now == probed + 1min);
}

TEST_CASE("a timeout is a failure for the breaker, and a rejection a sign of life") {
  PolicyWorld world(two_steps(R"({"breaker": {"failures": 2}})"));
  (void)world.start(3);
  const auto commands = world.take("inventory");
  REQUIRE(commands.size() == 3);
  world.answer(commands[0], Outcome::failed("DOWN"));
  world.answer(commands[1], Outcome::rejected("OUT_OF_STOCK"));
  world.engine.tell(SentArrival{commands[2].id.saga, commands[2].attempt});
  world.wait();
  CHECK(world.engine.breaker_changes.empty());
  (void)world.start(1);
  world.answer(world.engine.channel.take(), Outcome::unknown("LOST"));
  CHECK(world.engine.breaker_changes.size() == 1);
}

TEST_CASE("a bulkhead of two never has more than two in flight, and all sagas complete") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 2}})"));
  std::vector<SagaId> ids(10);
  std::vector<StartArrival> starts;
  for (SagaId& id : ids) starts.push_back(world.engine.start_arrival({}, Json::object(), &id));
  // All in one batch: what it has issued counts for the rest of it.
  world.engine.tell(starts[0], starts[1], starts[2], starts[3], starts[4], starts[5], starts[6],
                    starts[7], starts[8], starts[9]);
  std::vector<Command> in_flight = world.take("inventory");
  CHECK(in_flight.size() == 2);
  std::size_t served = 0;
  while (!in_flight.empty()) {
    CHECK(in_flight.size() <= 2);
    CHECK(in_flight.front().id.saga == ids[served++]);
    world.answer(in_flight.front(), Outcome::success());
    in_flight.erase(in_flight.begin());
    for (const Command& command : world.take("inventory")) in_flight.push_back(command);
  }
  world.finish();
  for (const SagaId& id : ids) CHECK(world.engine.status(id) == Status::completed);
}

TEST_CASE("a rate limit lets its burst through and then one per interval, exactly") {
  PolicyWorld world(two_steps(R"({"rate_limit": {"rate": "10/s", "burst": 2}})"));
  const Time start = world.engine.now;
  (void)world.start(7);
  CHECK(world.take("inventory").size() == 2);
  for (int i = 1; i <= 5; ++i) {
    world.wait();
    CHECK(world.engine.now == start + i * 100ms);
    CHECK(world.take("inventory").size() == 1);
  }
  CHECK_FALSE(world.engine.next_due());
}

TEST_CASE("a retry budget keeps an outage from becoming a storm") {
  PolicyWorld world(two_steps(
      R"({"retry_budget": {"ratio": 0.1, "min_per_second": 0, "window": "10s"}})", patient_retry));
  (void)world.start(50);
  for (const Command& command : world.take("inventory")) {
    world.answer(command, Outcome::failed("DOWN"));
  }
  world.wait();  // All fifty retries are due.
  CHECK(world.take("inventory").size() == 5);
  // Whoever is new is not held up by those who are to be retried.
  (void)world.start(1);
  CHECK(world.take("inventory").size() == 1);
  const Time began = world.engine.now;
  std::size_t retries = 0;
  while (world.engine.now < began + 60s) {
    world.wait();
    retries += world.take("inventory").size();
  }
  CHECK(retries >= 5);
  CHECK(retries <= 20);
}
