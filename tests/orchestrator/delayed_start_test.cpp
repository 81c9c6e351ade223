// Starts for later, through the coordinator: held, on a full disk, under a clock that is set back.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

constexpr const char* plain = R"({
  "saga": "plain", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "b", "participant": "p", "action": "do-b", "compensation": "undo-b"} ] })";

constexpr const char* delayed = R"({
  "saga": "locking", "version": 1, "locks": ["shop"], "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

SagaId start_in(Engine& engine, Duration delay) {
  SagaId id;
  StartArrival arrival = engine.start_arrival({}, Json::object(), &id);
  arrival.delay = delay;
  engine.tell(std::move(arrival));
  return id;
}

void succeed(Engine& engine) {
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
}

}  // namespace

TEST_CASE("a delayed start that finds its lock taken wakes nobody in vain") {
  Engine engine{delayed};
  const SagaId first = engine.start();
  const SagaId later = start_in(engine, 1s);
  engine.now += 1s;
  engine.tell();
  CHECK(engine.saga(later).lock_wait->behind == first);
  CHECK_FALSE(engine.next_due());
  succeed(engine);
  engine.tell();
  CHECK(engine.channel.take().id.saga == later);
}

TEST_CASE("a delayed start whose time comes on a full disk begins when there is room") {
  Engine engine{delayed};
  const SagaId later = start_in(engine, 1s);
  engine.disk.fail_writes(StoreError::Kind::full);
  engine.now += 1s;
  engine.tell();
  CHECK(engine.channel.sent.empty());
  engine.disk.fail_writes(std::nullopt);
  REQUIRE(engine.next_due());
  engine.now = *engine.next_due();
  engine.tell();
  CHECK(engine.channel.take().id.saga == later);
}

TEST_CASE("a delayed saga that has begun goes on when the clock is set back") {
  Engine engine{plain};
  const SagaId id = start_in(engine, 1s);
  engine.now += 1s;
  engine.tell();
  engine.now -= 24h;
  engine.crash();
  succeed(engine);
  succeed(engine);
  CHECK(engine.status(id) == Status::completed);
}

TEST_CASE("a delayed start begins on time although an operator decided its first step before") {
  Engine engine{plain};
  const SagaId id = start_in(engine, 1s);
  SkipRequested verdict;
  verdict.as = SkipRequested::As::succeeded;
  CHECK(engine.request(id, verdict, "a").empty());
  CHECK(engine.channel.sent.empty());
  SUBCASE("without a crash") {}
  SUBCASE("after a crash") { engine.crash(); }
  REQUIRE(engine.next_due());
  CHECK(*engine.next_due() == engine.saga(id).not_before);
  engine.now += 1s;
  engine.tell();
  CHECK(engine.channel.take().action == "do-b");
}
