// What goes wrong with one saga stays with it.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

constexpr const char* two_steps = R"({
  "saga": "two", "version": 1, "defaults": {"timeout": "5s"}, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "b", "participant": "q", "action": "do-b", "compensation": "undo-b"} ] })";

constexpr const char* guarded_parent = R"({
  "saga": "parent", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "kid", "saga": {"type": "two"}} ] })";

constexpr const char* other = R"({
  "saga": "other", "version": 1, "steps": [
    {"name": "a", "participant": "o", "action": "do-o", "compensation": "undo-o"} ] })";

Requester operator_named(const char* name) { return {name, "to see"}; }

bool logged(const Engine& engine, const std::string& text) {
  return std::any_of(engine.log.begin(), engine.log.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a saga whose decision throws is stuck and says so, and goes on when it is resumed") {
  Engine engine{two_steps};
  const SagaId id = engine.start();
  const SagaId second = engine.start();
  const Command command = engine.channel.take();
  const Command of_second = engine.channel.take();
  engine.channel.broken = {"q"};
  engine.tell(Engine::reply(command, Outcome::success(), 7));
  CHECK(engine.channel.receipted == std::vector<std::uint64_t>{7});
  const Saga stuck = engine.saga(id);
  REQUIRE(stuck.status == Status::stuck);
  CHECK(stuck.stuck->error.code == "INTERNAL");
  CHECK(stuck.stuck->error.message.find("a reply") != std::string::npos);
  CHECK(stuck.stuck->error.message.find("a fault of the channel") != std::string::npos);
  CHECK(engine.store->summary(id)->error_code == "INTERNAL");
  CHECK(logged(engine, id.to_string()));
  // The reply that could not be decided is kept.
  const auto kept = engine.store->quarantine(0, 10);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].reason == "DECISION_FAILED");

  engine.channel.broken.clear();
  engine.tell(Engine::reply(of_second, Outcome::success()));
  CHECK(engine.channel.take().id.saga == second);

  engine.crash();
  engine.tell(RoomArrival{});
  engine.channel.sent.clear();
  CHECK(engine.saga(id).status == Status::stuck);
  CHECK(engine.request(id, ResumeRequested{operator_named("ann"), no_step, {}}).empty());
  engine.tell(RequeueQuarantinedArrival{kept[0].number, operator_named("ann"),
                                        [](std::variant<RequeueOutcome, Refusal> answer) {
                                          CHECK(std::get<RequeueOutcome>(answer).used);
                                        }});
  CHECK(engine.channel.take().action == "do-b");
}

TEST_CASE("a start whose decision throws is refused, and leaves nothing behind") {
  Engine engine{two_steps};
  engine.channel.broken = {"p"};
  CHECK_THROWS_AS(engine.start("k"), Refused);
  CHECK(engine.store->count({}) == 0);
  engine.channel.broken.clear();
  CHECK(engine.start("k").created);
}

TEST_CASE("a child whose start throws is there and stuck, and its parent waits for it") {
  Engine engine{guarded_parent};
  REQUIRE(engine.define(two_steps).empty());
  const SagaId id = engine.start();
  const Command first = engine.channel.take();
  engine.channel.broken = {"p"};
  engine.tell(Engine::reply(first, Outcome::success()));
  const Saga saga = engine.saga(id);
  CHECK(saga.status == Status::running);
  REQUIRE(saga.steps[1].child);
  const Saga child = engine.saga(*saga.steps[1].child);
  CHECK(child.status == Status::stuck);
  CHECK(child.stuck->error.code == "INTERNAL");
  engine.channel.broken.clear();
  CHECK(engine.request(child.id, ResumeRequested{operator_named("ann"), no_step, {}}).empty());
  CHECK(engine.channel.take().action == "do-a");
}

TEST_CASE("a saga whose every decision throws can be abandoned, engine up or down") {
  Engine engine{two_steps};
  const SagaId id = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("BUSY")));
  engine.channel.broken = {"p"};
  engine.now += 1min;
  engine.tell();
  REQUIRE(engine.status(id) == Status::stuck);
  const std::string refusal =
      engine.request(id, ResumeRequested{operator_named("ann"), no_step, {}});
  CHECK(refusal.find(id.to_string()) != std::string::npos);
  CHECK(engine.status(id) == Status::stuck);
  SUBCASE("up") {}
  SUBCASE("down") { engine.crash(Mode::momentary); }
  CHECK(engine.request(id, AbandonRequested{operator_named("ann")}).empty());
  CHECK(engine.status(id) == Status::abandoned);
}

TEST_CASE("without the guard, what a decision throws ends the engine") {
  Engine engine{two_steps};
  engine.guarded = false;
  engine.crash();
  engine.tell(RoomArrival{});
  engine.channel.broken = {"p"};
  CHECK_THROWS_AS(engine.start("k"), std::out_of_range);
}
