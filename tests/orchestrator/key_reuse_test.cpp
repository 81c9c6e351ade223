// Who holds a business key when the saga that held it has ended: "key_reuse".
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* reusing = R"({
  "saga": "order", "version": 1, "key_reuse": "after_end", "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

constexpr const char* strict = R"({
  "saga": "order", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

void complete_one(Engine& engine) {
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
}

const KeyHandedOver* handed_over(Engine& engine, const SagaId& id, std::vector<JournalRow>& rows) {
  rows = engine.store->journal(id);
  return rows.empty() ? nullptr : std::get_if<KeyHandedOver>(&rows.back().events.back());
}

}  // namespace

TEST_CASE("a start takes the key of a saga that has ended, where the definition lets it") {
  Engine engine{reusing};
  const SagaId first = engine.start("order-1", {{"n", 1}});
  complete_one(engine);
  REQUIRE(engine.status(first) == Status::completed);
  const Started second = engine.start("order-1", {{"n", 2}});
  CHECK(second.created);
  CHECK(second.id != first);
  std::vector<JournalRow> rows;
  const KeyHandedOver* told = handed_over(engine, first, rows);
  REQUIRE(told);
  CHECK(told->to == second.id);
  CHECK_FALSE(engine.store->summary(first)->holds_key);
  CHECK(engine.store->key_holder({"order", "order-1"}) == second.id);
  engine.crash();
  CHECK(engine.store->key_holder({"order", "order-1"}) == second.id);
}

TEST_CASE("the key of a saga that has not ended stays with it") {
  Engine engine{reusing};
  const SagaId first = engine.start("order-1", {{"n", 1}});
  const Started again = engine.start("order-1", {{"n", 1}});
  CHECK_FALSE(again.created);
  CHECK(again.id == first);
  CHECK_THROWS_AS((void)engine.start("order-1", {{"n", 2}}), Refused);
}

TEST_CASE("two starts in one turn that want the key of an ended saga: one gets it") {
  Engine engine{reusing};
  (void)engine.start("order-1", {{"n", 1}});
  complete_one(engine);
  SagaId second;
  SagaId third;
  engine.tell(engine.start_arrival("order-1", {{"n", 2}}, &second),
              engine.start_arrival("order-1", {{"n", 2}}, &third));
  CHECK(second == third);
  CHECK(engine.store->key_holder({"order", "order-1"}) == second);
}

TEST_CASE("a start that is refused leaves the key where it is") {
  Engine engine{R"({
    "saga": "order", "version": 1, "key_reuse": "after_end", "steps": [
      {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a",
       "input": {"n": {"$from": "/input/n"}}} ] })"};
  const SagaId first = engine.start("order-1", {{"n", 1}});
  complete_one(engine);
  CHECK_THROWS_AS((void)engine.start("order-1", Json::object()), Refused);
  CHECK(engine.store->key_holder({"order", "order-1"}) == first);
  CHECK(engine.saga(first).holds_key);
}

TEST_CASE("a key is never used again where the definition does not say so") {
  Engine engine{strict};
  const SagaId first = engine.start("order-1", {{"n", 1}});
  complete_one(engine);
  CHECK(engine.start("order-1", {{"n", 1}}).id == first);
  CHECK_THROWS_AS((void)engine.start("order-1", {{"n", 2}}), Refused);
}
