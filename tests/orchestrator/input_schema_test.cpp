// A definition's schema, wherever an input meets it: starts, replays, children, and restarts.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"
#include "skald/work.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* checked_order = R"({
  "saga": "order", "version": 1, "secrets": ["/input/card"],
  "input_schema": {"type": "object", "required": ["quantity"], "properties": {
    "quantity": {"type": "integer", "minimum": 1}, "card": {"type": "string", "maxLength": 4}}},
  "steps": [
    {"name": "charge", "participant": "bank", "action": "charge", "on_failure": "stuck",
     "compensation": "none", "input": {"sum": {"$from": "/input/sum"}}}]})";

constexpr const char* checked_parent = R"({
  "saga": "trip", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "pay", "saga": {"type": "order", "input": {"$from": "/steps/a/output"}}}]})";

std::string refusal_of_start(Engine& engine, const Json& input) {
  try {
    (void)engine.start({}, input);
  } catch (const Refused& refused) {
    CHECK(refused.code() == Refused::Code::invalid);
    return refused.what();
  }
  return {};
}

const std::string beginning = "the input does not match the definition's schema: ";

}  // namespace

TEST_CASE("a start whose input does not match the schema is refused, and leaves nothing behind") {
  Engine engine{checked_order};
  CHECK(refusal_of_start(engine, {{"quantity", 0}, {"sum", 5}}) ==
        beginning + "/quantity must be >= 1");
  CHECK(engine.store->count({}) == 0);
  CHECK(engine.channel.sent.empty());
  CHECK(refusal_of_start(engine, {{"quantity", 1}, {"sum", 5}}).empty());
  CHECK(engine.channel.take().action == "charge");
}

TEST_CASE("the schema is asked before the templates are") {
  Engine engine{checked_order};
  CHECK(refusal_of_start(engine, {{"quantity", "2"}}) ==
        beginning + "/quantity must be an integer, is a string");
  CHECK(refusal_of_start(engine, {{"quantity", 2}}).find("/input/sum") != std::string::npos);
}

TEST_CASE("the refusal of a secret shows none of it") {
  Engine engine{checked_order};
  CHECK(refusal_of_start(engine, {{"quantity", 1}, {"card", "4111-1111"}, {"sum", 5}}) ==
        beginning + "/card must have at most 4 characters");
}

TEST_CASE("a replay whose patched input does not match the schema is refused") {
  Engine engine{checked_order};
  const SagaId id = engine.start({}, {{"quantity", 1}, {"sum", 5}}).id;
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  REQUIRE(engine.request(id, AbandonRequested{}).empty());
  const auto replay = [&](const Json& patch) {
    std::string told = "nothing";
    ReplayArrival arrival;
    arrival.saga = id;
    arrival.input_patch = JsonText::of(patch);
    arrival.answer = [&told](std::variant<SagaId, Refusal> answer) {
      const auto* refusal = std::get_if<Refusal>(&answer);
      told = refusal ? refusal->message : "";
    };
    engine.tell(std::move(arrival));
    return told;
  };
  CHECK(replay({{"quantity", 0}}) == beginning + "/quantity must be >= 1");
  CHECK(replay({{"quantity", 3}}).empty());
}

TEST_CASE("a child whose input does not match its schema is not started, and its parent says why") {
  Engine engine{checked_parent};
  REQUIRE(engine.define(checked_order).empty());
  const SagaId id = engine.start().id;
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"quantity", 0}})));
  REQUIRE(engine.status(id) == Status::stuck);
  CHECK(engine.saga(id).stuck->error.code == "CHILD_INPUT");
  CHECK(engine.saga(id).stuck->error.message ==
        "saga order: " + beginning + "/quantity must be >= 1");
  CHECK_FALSE(engine.saga(id).steps[1].child);
}

TEST_CASE("a saga that has started goes on after a restart, and is not checked again") {
  Engine engine{checked_order};
  const SagaId id = engine.start({}, {{"quantity", 1}, {"sum", 5}}).id;
  const std::uint64_t before = work().compared;
  engine.crash();
  engine.tell(RoomArrival{});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  CHECK(engine.status(id) == Status::completed);
  CHECK(work().compared == before);
}

TEST_CASE("a turn that has compared a million values leaves other starts to the next turn") {
  Json many = Json::array();
  for (int i = 0; i < 99; ++i) many.push_back({{"minimum", 0}});
  Json definition = Json::parse(checked_order);
  definition["input_schema"] = {{"properties", {{"n", {{"items", {{"allOf", many}}}}}}}};
  Engine engine{definition.dump().c_str()};
  const Json input{{"sum", 5}, {"n", Json(10'100, Json(7))}};
  std::vector<SagaId> ids(6);
  std::vector<Arrival> batch;
  for (SagaId& id : ids) batch.emplace_back(engine.start_arrival({}, input, &id));
  std::uint64_t most = 0;
  for (int turn = 0; turn < 100; ++turn) {
    const std::uint64_t before = work().compared;
    engine.tell_all(std::exchange(batch, {}));
    most = std::max(most, work().compared - before);
  }
  CHECK(most > 1'000'000);
  CHECK(most < 1'100'000);
  CHECK(engine.store->count({}) == 6);
}
