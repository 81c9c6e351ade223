// The locks of families: held until the root has ended, and every child that was left to itself.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* parent = R"({
  "saga": "parent", "version": 1, "steps": [ {"name": "child", "saga": {"type": "child"}} ] })";
constexpr const char* child = R"({
  "saga": "child", "version": 1, "locks": ["shop"], "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

SagaId child_of(Engine& engine, const SagaId& id) { return *engine.saga(id).steps[0].child; }

void crash(Engine& engine) {
  engine.crash();
  engine.tell(RoomArrival{});
}

}  // namespace

TEST_CASE("a child that an abandoned root left to itself keeps its lock until it has ended") {
  Engine engine{parent};
  REQUIRE(engine.define(child).empty());
  const SagaId first = engine.start();
  const SagaId second = engine.start();
  const Command command = engine.channel.take();
  CHECK(engine.request(first, AbandonRequested{}).empty());
  SUBCASE("without a crash") {}
  SUBCASE("after a crash") {
    crash(engine);
    CHECK(engine.channel.take().id == command.id);
  }
  engine.tell();
  CHECK(engine.channel.sent.empty());
  CHECK_FALSE(engine.saga(child_of(engine, second)).holds_locks);
  engine.tell(Engine::reply(command, Outcome::success()));
  CHECK(engine.status(child_of(engine, first)) == Status::completed);
  engine.tell();
  CHECK(engine.channel.take().id.saga == child_of(engine, second));
}

TEST_CASE("a child that an abandoned root left to itself is still given its lock") {
  Engine engine{parent};
  REQUIRE(engine.define(child).empty());
  (void)engine.start();
  const SagaId second = engine.start();
  const SagaId third = engine.start();
  const Command command = engine.channel.take();
  CHECK(engine.request(second, AbandonRequested{}).empty());
  SUBCASE("without a crash") {}
  SUBCASE("after a crash") {
    crash(engine);
    engine.channel.sent.clear();
  }
  engine.tell(Engine::reply(command, Outcome::success()));
  engine.tell();
  const Command next = engine.channel.take();
  CHECK(next.id.saga == child_of(engine, second));
  CHECK(engine.channel.sent.empty());
  engine.tell(Engine::reply(next, Outcome::success()));
  engine.tell();
  CHECK(engine.channel.take().id.saga == child_of(engine, third));
}

TEST_CASE("what a child of an earlier attempt was given, its family keeps through a restart") {
  Engine engine{R"({"saga": "parent", "version": 1, "steps": [
    {"name": "child", "kind": "retriable", "saga": {"type": "child"}} ] })"};
  REQUIRE(engine.define(child).empty());
  const SagaId first = engine.start();
  const SagaId second = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("CLOSED")));
  engine.tell();
  REQUIRE(engine.status(first) == Status::stuck);
  // The new child begins where nobody keeps lines, and stands behind the others by its start.
  engine.crash(Mode::momentary);
  CHECK(engine.request(first, ResumeRequested{{"ann", "reopened"}, no_step, {}}).empty());
  crash(engine);
  engine.tell();
  const Command again = engine.channel.take();
  CHECK(again.id.saga == child_of(engine, first));
  CHECK(engine.channel.sent.empty());
  engine.tell(Engine::reply(again, Outcome::success()));
  engine.tell();
  CHECK(engine.channel.take().id.saga == child_of(engine, second));
}
