// What the coordinator keeps in memory of sagas that wait.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t cached_limit = 4;
constexpr std::size_t saga_count = 40;

const char* const napping_definition = R"({
  "saga": "nap", "version": 1,
  "steps": [{"name": "nap", "sleep": "1h"}]})";

const char* const approval_definition = R"({
  "saga": "approval", "version": 1, "deadline": "1h",
  "steps": [{"name": "approved", "wait_for": {"signal": "approval"}}]})";

std::vector<SagaId> start_many(Engine& engine) {
  std::vector<SagaId> ids;
  for (std::size_t i = 0; i < saga_count; ++i) ids.push_back(engine.start().id);
  return ids;
}

std::vector<Command> take_all(Engine& engine) {
  std::vector<Command> commands(std::make_move_iterator(engine.channel.sent.begin()),
                                std::make_move_iterator(engine.channel.sent.end()));
  engine.channel.sent.clear();
  return commands;
}

void go_quietly_on(Engine& engine) {
  for (int i = 0; i < 100; ++i) engine.tell();
}

}  // namespace

TEST_CASE("sagas that only wait for replies leave memory, and each reply finds its own") {
  Engine engine(order_definition, {}, cached_limit);
  const std::vector<SagaId> ids = start_many(engine);
  CHECK(engine.coordinator().cached() <= 2 * cached_limit);
  CHECK(engine.coordinator().parked() >= saga_count - 2 * cached_limit);
  for (const char* step : {"reserve", "charge", "ship"}) {
    std::vector<Command> commands = take_all(engine);
    REQUIRE(commands.size() == saga_count);
    std::reverse(commands.begin(), commands.end());
    for (const Command& command : commands) {
      CHECK(command.id.step == step);
      engine.tell(SentArrival{command.id.saga, command.attempt});
      engine.tell(Engine::reply(command, Outcome::success()));
    }
  }
  CHECK(engine.channel.sent.empty());
  for (const SagaId& id : ids) CHECK(engine.status(id) == Status::completed);
  CHECK(engine.coordinator().cached() == 0);
  CHECK(engine.coordinator().parked() == 0);
  CHECK(engine.coordinator().timers() == 0);
}

TEST_CASE("the timeout of an attempt runs on while its saga is out of memory") {
  Engine engine(order_definition, {}, cached_limit);
  const std::vector<SagaId> ids = start_many(engine);
  for (const Command& command : take_all(engine)) {
    engine.tell(SentArrival{command.id.saga, command.attempt});
  }
  REQUIRE(engine.coordinator().parked() > 0);
  engine.now += 5s - 1ms;
  engine.tell();
  for (const SagaId& id : ids) {
    CHECK(engine.saga(id).steps[0].of(Direction::action).unanswered.empty());
  }
  engine.now += 1ms;
  engine.tell();
  for (const SagaId& id : ids) {
    CHECK(engine.saga(id).steps[0].of(Direction::action).unanswered.size() == 1);
  }
}

TEST_CASE("what was confirmed of a saga that is out of memory is not sent again after a crash") {
  Engine engine(order_definition, {}, cached_limit);
  (void)start_many(engine);
  for (const Command& command : take_all(engine)) {
    engine.tell(SentArrival{command.id.saga, command.attempt},
                ConfirmedArrival{command.position, command.id.saga, command.attempt});
  }
  REQUIRE(engine.coordinator().parked() > 0);
  engine.now += 1s;
  (void)engine.start("last");  // The watermark goes with a batch.
  const Command last = engine.channel.take();
  engine.crash();
  const std::vector<Command> again = take_all(engine);
  REQUIRE(again.size() == 1);
  CHECK(again.front().id == last.id);
  CHECK(engine.coordinator().cached() <= 2 * cached_limit);
  CHECK(engine.coordinator().parked() + engine.coordinator().cached() == saga_count + 1);
}

TEST_CASE("a batch that is rolled back puts sagas that were out of memory where they were") {
  Engine engine(order_definition, {}, cached_limit);
  const std::vector<SagaId> ids = start_many(engine);
  const std::vector<Command> commands = take_all(engine);
  engine.disk.fail_writes(StoreError::Kind::full);
  for (const Command& command : commands) {
    engine.tell(Engine::reply(command, Outcome::success()));
  }
  for (const SagaId& id : ids) CHECK(engine.status(id) == Status::running);
  engine.disk.fail_writes({});
  engine.now += 5s;
  engine.tell();
  CHECK(take_all(engine).size() == saga_count);
  for (const SagaId& id : ids) CHECK(engine.saga(id).steps[1].of(Direction::action).made == 1);
}

TEST_CASE("a saga that is looked at again and again leaves no timers behind") {
  Engine engine(approval_definition);
  const SagaId id = engine.start().id;
  CHECK(engine.coordinator().cached() == 0);
  CHECK(engine.coordinator().timers() == 1);
  for (int i = 0; i < 100; ++i) {
    engine.now += 1ms;
    engine.tell(LookArrival{id, [](const std::variant<Saga, Refusal>&) {}});
  }
  CHECK(engine.coordinator().cached() == 0);
  CHECK(engine.coordinator().timers() == 1);
}

TEST_CASE("when very many timers fall due at once, no batch takes all of them and none is lost") {
  Engine engine(napping_definition);
  constexpr std::size_t sleepers = 10'000;
  std::vector<SagaId> ids(sleepers);
  for (SagaId& id : ids) engine.tell(engine.start_arrival({}, Json::object(), &id));
  CHECK(engine.coordinator().cached() == 0);
  CHECK(engine.coordinator().timers() == sleepers);
  engine.now += 1h;
  const auto awake = [&engine, &ids] {
    return std::count_if(ids.begin(), ids.end(), [&engine](const SagaId& id) {
      return engine.status(id) == Status::completed;
    });
  };
  engine.tell();
  const auto first = awake();
  CHECK(first > 0);
  CHECK(first < static_cast<std::ptrdiff_t>(sleepers));
  REQUIRE(engine.next_due());
  CHECK(*engine.next_due() <= engine.now);
  go_quietly_on(engine);
  CHECK(awake() == static_cast<std::ptrdiff_t>(sleepers));
  CHECK(engine.coordinator().timers() == 0);
}
