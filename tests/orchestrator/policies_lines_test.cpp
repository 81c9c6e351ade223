// How sagas wait while a policy holds them back, and who goes first.
#include <doctest/doctest.h>

#include <algorithm>

#include "policy_world.hpp"

using namespace skald;
using namespace skald::testing;
using namespace std::chrono_literals;

TEST_CASE("what undoes passes while actions are held") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 3},
                            "rate_limit": {"rate": "1/d", "burst": 4}})"));
  const auto ids = world.start(5);
  const auto reserved = world.take("inventory");
  REQUIRE(reserved.size() == 2);  // The third place is kept.
  world.answer(reserved[0], Outcome::success());
  CHECK(world.take("inventory").size() == 1);  // Of four tokens one is kept.
  world.answer(world.take("payment").at(0), Outcome::rejected("NO_CREDIT"));
  const auto released = world.take("inventory");
  REQUIRE(released.size() == 1);
  CHECK(released[0].id.direction == Direction::compensate);
  world.answer(released[0], Outcome::success());
  CHECK(world.engine.status(ids[0]) == Status::compensated);
  CHECK(world.take("inventory").empty());
}

TEST_CASE("a compensation is the first probe of a half-open breaker") {
  PolicyWorld world(two_steps(R"({"breaker": {"failures": 1, "delay": "10s"}})"));
  const auto first = world.start(1);
  world.answer(world.take("inventory").at(0), Outcome::success());
  const Command charge = world.take("payment").at(0);
  (void)world.start(1);
  world.answer(world.take("inventory").at(0), Outcome::failed("DOWN"));
  (void)world.start(3);
  world.answer(charge, Outcome::rejected("NO_CREDIT"));
  CHECK(world.engine.channel.sent.empty());
  world.wait();
  const auto probes = world.take("inventory");
  REQUIRE(probes.size() == 1);
  CHECK(probes[0].id.direction == Direction::compensate);
  CHECK(probes[0].id.saga == first[0]);
}

TEST_CASE("whoever comes in the batch that frees a place does not overtake those who wait for it") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})"));
  SagaId late;
  const auto ids = world.start(2);
  const Command first = world.take("inventory").at(0);
  SUBCASE("in the same line") {
    world.engine.tell(Engine::reply(first, Outcome::success()),
                      world.engine.start_arrival({}, Json::object(), &late));
    const auto next = world.take("inventory");
    REQUIRE(next.size() == 1);
    CHECK(next[0].id.saga == ids[1]);
  }
  SUBCASE("for a compensation") {
    world.answer(first, Outcome::success());
    const Command second = world.take("inventory").at(0);
    world.answer(world.take("payment").at(0), Outcome::rejected("NO_CREDIT"));
    CHECK(world.engine.channel.sent.empty());
    world.engine.tell(Engine::reply(second, Outcome::success()),
                      world.engine.start_arrival({}, Json::object(), &late));
    const auto next = world.take("inventory");
    REQUIRE(next.size() == 1);
    CHECK(next[0].id.direction == Direction::compensate);
  }
}

TEST_CASE("a participant that is refused does not hold up the sagas of another") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})"));
  REQUIRE(world.engine
              .define(R"({"saga": "invoice", "version": 1, "steps": [
                  {"name": "bill", "participant": "billing", "action": "bill",
                   "compensation": "none"}]})")
              .empty());
  (void)world.start(5);
  world.engine.channel.full = {"billing"};
  StartArrival invoice = world.engine.start_arrival({}, Json::object(), nullptr);
  invoice.type = "invoice";
  invoice.answer = [](const auto&) {};
  world.engine.tell(invoice);
  CHECK(world.take("billing").empty());
  world.engine.channel.full.clear();
  world.engine.tell(RoomArrival{});
  CHECK(world.take("billing").size() == 1);
  world.engine.channel.full = {"inventory"};
  world.engine.tell(invoice);
  CHECK(world.take("billing").size() == 1);
}

TEST_CASE("a line of thousands that may pass is served in slices, and leaves others their share") {
  PolicyWorld world(two_steps("{}"));
  REQUIRE(world.engine
              .define(R"({"saga": "invoice", "version": 1, "steps": [
                  {"name": "bill", "participant": "warehouse", "action": "bill",
                   "compensation": "none"}]})")
              .empty());
  world.engine.channel.room = false;
  constexpr std::size_t many = 5'000;
  (void)world.start(many);
  StartArrival invoice = world.engine.start_arrival({}, Json::object(), nullptr);
  invoice.type = "invoice";
  invoice.answer = [](const auto&) {};
  world.engine.tell(invoice);
  world.engine.channel.room = true;
  world.engine.tell(RoomArrival{});
  CHECK(world.take("warehouse").size() == 1);
  std::size_t served = world.take("inventory").size();
  CHECK(served < many);
  while (served < many) {
    REQUIRE(world.engine.next_due() == world.engine.now);
    world.engine.tell();
    served += world.take("inventory").size();
  }
  CHECK(served == many);
  CHECK_FALSE(world.engine.next_due());
}

TEST_CASE("beyond max_waiting new sagas are not accepted, and those that were are not failed") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 1, "max_waiting": 2}})"));
  const auto ids = world.start(3);
  CHECK_THROWS_WITH_AS((void)world.engine.start(),
                       "2 sagas wait for participant inventory, and its bulkhead takes no more "
                       "than 2 (max_waiting); start it again later",
                       Refused);
  world.answer(world.take("inventory").at(0), Outcome::success());
  CHECK_NOTHROW((void)world.engine.start());
  world.finish();
  for (const SagaId& id : ids) CHECK(world.engine.status(id) == Status::completed);
}

TEST_CASE("a saga that waits for its turn still meets its deadline") {
  std::string definition = two_steps(R"({"bulkhead": {"max_in_flight": 1}})");
  definition.replace(definition.find("\"version\""), 0, R"("deadline": "1m", )");
  PolicyWorld world(definition);
  const Time start = world.engine.now;
  const auto ids = world.start(2);
  world.wait();
  CHECK(world.engine.now == start + 1min);
  CHECK(world.engine.status(ids[1]) == Status::compensated);
  CHECK(world.attempts(ids[1]) == 0);
}

TEST_CASE("a retry that waits for its turn wakes nobody in vain") {
  PolicyWorld world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})", patient_retry));
  (void)world.start(1);
  world.answer(world.take("inventory").at(0), Outcome::failed("DOWN"));
  (void)world.start(1);
  const Command other = world.take("inventory").at(0);
  world.wait();
  CHECK(world.engine.channel.sent.empty());
  CHECK_FALSE(world.engine.next_due());
  world.answer(other, Outcome::success());
  CHECK(world.take("inventory").size() == 1);
}

TEST_CASE("a hedge that waits for its turn wakes nobody in vain") {
  PolicyWorld world(R"({"saga": "read", "version": 1,
    "participants": {"inventory": {"bulkhead": {"max_in_flight": 1}}},
    "steps": [{"name": "look", "participant": "inventory", "action": "look", "timeout": "1h",
               "compensation": "none", "hedge": {"delay": "1s"}}]})");
  const auto ids = world.start(1);
  const Command command = world.take("inventory").at(0);
  world.engine.now += 1s;
  world.engine.tell();
  CHECK(world.engine.channel.sent.empty());
  CHECK_FALSE(world.engine.next_due());
  world.answer(command, Outcome::success());
  CHECK(world.engine.status(ids[0]) == Status::completed);
}
