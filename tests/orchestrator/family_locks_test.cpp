// The locks of families: held until the root has ended, and every child that was left to itself.
#include <doctest/doctest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* locking_parent = R"({
  "saga": "parent", "version": 1, "steps": [ {"name": "child", "saga": {"type": "child"}} ] })";
constexpr const char* locking_child = R"({
  "saga": "child", "version": 1, "locks": ["shop"], "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

SagaId only_child_of(Engine& engine, const SagaId& id) { return *engine.saga(id).steps[0].child; }

void crash(Engine& engine) {
  engine.crash();
  engine.tell(RoomArrival{});
}

}  // namespace

TEST_CASE("a child that an abandoned root left to itself keeps its lock until it has ended") {
  Engine engine{locking_parent};
  REQUIRE(engine.define(locking_child).empty());
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
  CHECK_FALSE(engine.saga(only_child_of(engine, second)).holds_locks);
  engine.tell(Engine::reply(command, Outcome::success()));
  CHECK(engine.status(only_child_of(engine, first)) == Status::completed);
  engine.tell();
  CHECK(engine.channel.take().id.saga == only_child_of(engine, second));
}

TEST_CASE("a child that an abandoned root left to itself is still given its lock") {
  Engine engine{locking_parent};
  REQUIRE(engine.define(locking_child).empty());
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
  CHECK(next.id.saga == only_child_of(engine, second));
  CHECK(engine.channel.sent.empty());
  engine.tell(Engine::reply(next, Outcome::success()));
  engine.tell();
  CHECK(engine.channel.take().id.saga == only_child_of(engine, third));
}

TEST_CASE("what a child of an earlier attempt was given, its family keeps through a restart") {
  Engine engine{R"({"saga": "parent", "version": 1, "steps": [
    {"name": "child", "kind": "retriable", "saga": {"type": "child"}} ] })"};
  REQUIRE(engine.define(locking_child).empty());
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
  CHECK(again.id.saga == only_child_of(engine, first));
  CHECK(engine.channel.sent.empty());
  engine.tell(Engine::reply(again, Outcome::success()));
  engine.tell();
  CHECK(engine.channel.take().id.saga == only_child_of(engine, second));
}

TEST_CASE("a child whose locks would close a circle of families is refused, with both named") {
  Engine engine{R"({"saga": "parent", "version": 1, "locks": ["{/input/own}"], "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "child", "saga": {"type": "child"}} ] })"};
  REQUIRE(engine
              .define(R"({"saga": "child", "version": 1, "locks": ["{/input/childs}"], "steps": [
    {"name": "b", "participant": "p", "action": "do-b", "compensation": "undo-b"} ] })")
              .empty());
  const auto begin = [&](const char* own, const char* childs) {
    return engine.start({}, {{"own", own}, {"childs", childs}}).id;
  };
  std::vector<SagaId> roots;
  SUBCASE("two families") { roots = {begin("x", "y"), begin("y", "x")}; }
  SUBCASE("three families") { roots = {begin("x", "y"), begin("y", "z"), begin("z", "x")}; }
  SUBCASE("with a crash before the circle closes") {
    roots = {begin("x", "y"), begin("y", "x")};
    const std::deque<Command> sent = std::exchange(engine.channel.sent, {});
    engine.tell(Engine::reply(sent[0], Outcome::success()));
    crash(engine);
    REQUIRE(engine.channel.sent.size() == 1);
    engine.channel.sent.push_front(sent[0]);
  }
  const std::deque<Command> actions = std::exchange(engine.channel.sent, {});
  REQUIRE(actions.size() == roots.size());
  for (const Command& action : actions) engine.tell(Engine::reply(action, Outcome::success()));
  const Saga last = engine.saga(roots.back());
  CHECK(last.status == Status::compensating);
  REQUIRE(last.turn_back);
  CHECK(last.turn_back->error.code == "CHILD_LOCKS");
  const std::string& said = last.turn_back->error.message;
  CHECK(said.find(roots.front().to_string()) != std::string::npos);
  CHECK(said.find(roots.back().to_string()) != std::string::npos);
  // The others get their locks one after the other, once it is undone.
  for (std::size_t left = roots.size() - 1; left > 0; --left) {
    const Command next = engine.channel.take();
    CHECK(next.action == (left == roots.size() - 1 ? "undo-a" : "do-b"));
    engine.tell(Engine::reply(next, Outcome::success()));
    engine.tell();
  }
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.status(roots.back()) == Status::compensated);
  for (std::size_t i = 0; i + 1 < roots.size(); ++i) {
    CHECK(engine.status(roots[i]) == Status::completed);
  }
}

TEST_CASE("a child that waits behind a family which waits for nobody of its own is no circle") {
  Engine engine{R"({"saga": "parent", "version": 1, "locks": ["{/input/own}"], "steps": [
    {"name": "child", "saga": {"type": "child"}} ] })"};
  REQUIRE(engine.define(locking_child).empty());
  const SagaId first = engine.start({}, {{"own", "x"}});
  const SagaId second = engine.start({}, {{"own", "y"}});
  const SagaId behind = engine.start({}, {{"own", "y"}});
  CHECK(engine.saga(second).steps[0].child);
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  for (const SagaId& id : {first, second, behind}) CHECK(engine.status(id) == Status::completed);
}
