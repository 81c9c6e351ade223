// What the policies of participants hold back, and what they let through.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

// One step that can be undone, at a participant with these policies, then one elsewhere.
std::string two_steps(const std::string& policies, const char* retry = R"({"max_attempts": 1})") {
  return fmt::format(R"({{
    "saga": "order", "version": 1, "participants": {{"inventory": {}}},
    "defaults": {{"retry": {}, "compensation_retry": {{"jitter": "none"}}}},
    "steps": [
      {{"name": "reserve", "participant": "inventory", "action": "reserve",
        "compensation": "release"}},
      {{"name": "charge", "participant": "payment", "action": "charge",
        "compensation": "refund"}}]}})",
                     policies, retry);
}

constexpr const char* patient_retry =
    R"({"max_attempts": 9, "initial_delay": "1s", "multiplier": 1, "jitter": "none"})";

struct World {
  explicit World(const std::string& definition) : engine(definition.c_str()) {}

  /// Starts so many sagas in one batch.
  std::vector<SagaId> start(std::size_t count) {
    std::vector<SagaId> ids(count);
    for (SagaId& id : ids) engine.tell(engine.start_arrival({}, Json::object(), &id));
    return ids;
  }
  std::vector<Command> take(const std::string& participant) {
    std::vector<Command> taken;
    auto& sent = engine.channel.sent;
    for (auto it = sent.begin(); it != sent.end();) {
      if (it->participant != participant) {
        ++it;
        continue;
      }
      taken.push_back(*it);
      it = sent.erase(it);
    }
    return taken;
  }
  void answer(const Command& command, const Outcome& outcome) {
    engine.tell(Engine::reply(command, outcome));
  }
  /// Moves the clock to what the engine waits for.
  void wait() {
    REQUIRE(engine.next_due());
    REQUIRE(*engine.next_due() > engine.now);
    engine.now = *engine.next_due();
    engine.tell();
  }
  /// Answers everything with success until nothing is left to answer or wait for.
  void finish() {
    for (int rounds = 0; rounds < 10'000; ++rounds) {
      if (!engine.channel.sent.empty()) {
        answer(engine.channel.take(), Outcome::success());
      } else if (engine.next_due()) {
        wait();
      } else {
        return;
      }
    }
    FAIL("it never becomes quiet");
  }
  std::uint32_t attempts(const SagaId& id) {
    return engine.saga(id).steps[0].of(Direction::action).made;
  }

  Engine engine;
};

}  // namespace

TEST_CASE("an outage opens the breaker; who waits burns no attempts, and all of them complete") {
  World world(two_steps(R"({"breaker": {"failures": 2, "delay": "10s"}})", patient_retry));
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
  World world(two_steps(R"({"breaker": {"failures": 1, "delay": "10s"}})", patient_retry));
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
  World world(two_steps(R"({"breaker": {"failures": 2}})"));
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
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 2}})"));
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
  World world(two_steps(R"({"rate_limit": {"rate": "10/s", "burst": 2}})"));
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
  World world(two_steps(R"({"retry_budget": {"ratio": 0.1, "min_per_second": 0, "window": "10s"}})",
                        patient_retry));
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

TEST_CASE("what undoes passes while actions are held") {
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 3},
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
  World world(two_steps(R"({"breaker": {"failures": 1, "delay": "10s"}})"));
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
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})"));
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
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})"));
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
  World world(two_steps("{}"));
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
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 1, "max_waiting": 2}})"));
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
  World world(definition);
  const Time start = world.engine.now;
  const auto ids = world.start(2);
  world.wait();
  CHECK(world.engine.now == start + 1min);
  CHECK(world.engine.status(ids[1]) == Status::compensated);
  CHECK(world.attempts(ids[1]) == 0);
}

TEST_CASE("a retry that waits for its turn wakes nobody in vain") {
  World world(two_steps(R"({"bulkhead": {"max_in_flight": 1}})", patient_retry));
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
  World world(R"({"saga": "read", "version": 1,
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
