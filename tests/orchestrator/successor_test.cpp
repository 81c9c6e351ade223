// What a replay from a step may take over: only what would be asked for in the same way again.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"
#include "skald/work.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* approved = R"({
  "saga": "order", "version": 1, "defaults": {"retry": {"max_attempts": 1}},
  "steps": [
    {"name": "reserve", "participant": "stock", "action": "reserve", "compensation": "none",
     "input": {"sku": {"$from": "/input/sku"}}},
    {"name": "approval", "wait_for": {"signal": "approve"},
     "when": {"$from": "/input/total", "more_than": 1000}},
    {"name": "charge", "participant": "bank", "action": "charge", "on_failure": "stuck",
     "compensation": "none", "input": {"total": {"$from": "/input/total"}}}]})";

// A small order whose charge has failed, abandoned.
SagaId abandoned(Engine& engine) {
  const Started started = engine.start({}, {{"total", 500}, {"sku", "book"}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"place", 1}})));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("BUSY")));
  REQUIRE(engine.request(started.id, AbandonRequested{}).empty());
  engine.channel.sent.clear();
  return started.id;
}

std::variant<SagaId, Refusal> replay(Engine& engine, const SagaId& of, const Json& patch,
                                     bool force = false) {
  std::optional<std::variant<SagaId, Refusal>> answered;
  ReplayArrival arrival;
  arrival.saga = of;
  arrival.from_step = "charge";
  arrival.input_patch = JsonText::of(patch);
  arrival.force = force;
  arrival.answer = [&answered](std::variant<SagaId, Refusal> answer) {
    answered = std::move(answer);
  };
  engine.tell(std::move(arrival));
  REQUIRE(answered);
  return *answered;
}

std::string refusal_in(const std::variant<SagaId, Refusal>& answer) {
  REQUIRE(std::holds_alternative<Refusal>(answer));
  return std::get<Refusal>(answer).message;
}

}  // namespace

TEST_CASE("a replay takes over what would be asked for in the same way") {
  Engine engine{approved};
  const SagaId id = std::get<SagaId>(replay(engine, abandoned(engine), {{"total", 700}}));
  const Command charge = engine.channel.take();
  CHECK(charge.id.step == "charge");
  CHECK(charge.body.value()["input"] == Json{{"total", 700}});
  const Saga saga = engine.saga(id);
  CHECK(saga.steps[0].carried_over);
  CHECK_FALSE(saga.forced);
}

TEST_CASE("a replay does not take over a step that would be given another input") {
  Engine engine{approved};
  const SagaId old = abandoned(engine);
  CHECK(refusal_in(replay(engine, old, {{"sku", "car"}})) ==
        "cannot replay from charge: step reserve is given another input; replay from there or from "
        "the start, or say --force to take over what it did as it is");
}

TEST_CASE("a replay does not take over an approval that is demanded now") {
  Engine engine{approved};
  const SagaId old = abandoned(engine);
  CHECK(refusal_in(replay(engine, old, {{"total", 5000}}))
            .find("step approval runs now, and did not before: its condition holds") !=
        std::string::npos);
  CHECK(engine.channel.sent.empty());
}

TEST_CASE("what is taken over by force is marked for good") {
  Engine engine{approved};
  const SagaId id = std::get<SagaId>(replay(engine, abandoned(engine), {{"sku", "car"}}, true));
  const Saga saga = engine.saga(id);
  CHECK(saga.forced);
  CHECK(saga.steps[0].carried_over);
  CHECK(saga.steps[0].forced);
  CHECK(engine.channel.take().id.step == "charge");
  engine.crash();  // The journal says the same.
  CHECK(engine.saga(id).forced);
}

TEST_CASE("a replay under a definition with another participant or kind of step names the step") {
  Engine engine{approved};
  const SagaId old = abandoned(engine);
  Json other = Json::parse(approved);
  other["version"] = 2;
  std::string what;
  SUBCASE("participant") {
    other["steps"][0]["participant"] = "warehouse";
    what = "step reserve asks for reserve of warehouse, and asked for reserve of stock";
  }
  SUBCASE("action") {
    other["steps"][0]["action"] = "hold";
    what = "step reserve asks for hold of stock, and asked for reserve of stock";
  }
  SUBCASE("kind") {
    other["steps"][0] = {{"name", "reserve"}, {"sleep", "1s"}};
    what = "step reserve is of another kind";
  }
  REQUIRE(engine.define(other.dump().c_str()).empty());
  std::optional<std::variant<SagaId, Refusal>> answered;
  ReplayArrival arrival;
  arrival.saga = old;
  arrival.from_step = "charge";
  arrival.version = 2;
  arrival.answer = [&answered](std::variant<SagaId, Refusal> answer) { answered = answer; };
  engine.tell(std::move(arrival));
  REQUIRE(answered);
  CHECK(refusal_in(*answered).find(what) != std::string::npos);
}

TEST_CASE("a replay from the end of a long list compares what its steps were given once") {
  constexpr std::size_t elements = 60;
  constexpr std::size_t input_bytes = 300'000;
  Engine engine{R"({"saga": "parcels", "version": 1, "defaults": {"retry": {"max_attempts": 1}},
    "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 100, "gather": "none",
      "step": {"participant": "p", "action": "a", "compensation": "none",
               "input": {"$from": "/input"}}}},
    {"name": "charge", "participant": "bank", "action": "charge", "on_failure": "stuck",
     "compensation": "none", "input": {"total": {"$from": "/input/total", "default": 0}}}]})"};
  Json input{{"items", Json::array()}, {"note", std::string(input_bytes, 'y')}};
  for (std::size_t i = 0; i < elements; ++i) input["items"].push_back(i);
  const SagaId id = engine.start({}, input).id;
  for (int turns = 0; engine.status(id) != Status::stuck && turns < 1'000; ++turns) {
    if (engine.channel.sent.empty()) {
      engine.tell();
      continue;
    }
    const Command command = engine.channel.take();
    engine.tell(Engine::reply(
        command, command.id.step == "charge" ? Outcome::rejected("NO") : Outcome::success()));
  }
  REQUIRE(engine.request(id, AbandonRequested{}).empty());
  SUBCASE("with the same input, nothing is filled in") {
    const std::uint64_t before = work().bytes();
    CHECK(std::holds_alternative<SagaId>(replay(engine, id, Json::object())));
    CHECK(work().bytes() - before < 12 * input_bytes);
  }
  SUBCASE("with another input, the first difference is told") {
    const std::uint64_t before = work().bytes();
    CHECK(refusal_in(replay(engine, id, {{"total", 7}})).find("is given another input") !=
          std::string::npos);
    CHECK(work().bytes() - before < 20 * input_bytes);
  }
  SUBCASE("by force, all of them are taken over, and few compared") {
    const std::uint64_t before = work().bytes();
    CHECK(std::holds_alternative<SagaId>(replay(engine, id, {{"total", 7}}, true)));
    CHECK(work().bytes() - before < 25 * input_bytes);
  }
}
