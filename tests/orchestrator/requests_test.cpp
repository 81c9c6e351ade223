// Requests of operators as JSON, and replays.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/orchestrator.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

SagaId compensated_saga(Engine& engine, const std::string& key) {
  const Started started = engine.start(key, {{"card", "bad"}, {"n", 1}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("DECLINED")));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  REQUIRE(engine.status(started.id) == Status::compensated);
  return started.id;
}

std::variant<SagaId, Refusal> replay(Engine& engine, ReplayArrival arrival) {
  std::optional<std::variant<SagaId, Refusal>> answered;
  arrival.answer = [&answered](std::variant<SagaId, Refusal> answer) {
    answered = std::move(answer);
  };
  engine.tell(std::move(arrival));
  REQUIRE(answered);
  return *answered;
}

}  // namespace

TEST_CASE("a replay is a new saga with the patched input, which takes the key over") {
  Engine engine{order_definition};
  const SagaId old = compensated_saga(engine, "order-1");
  ReplayArrival arrival;
  arrival.saga = old;
  arrival.input_patch = JsonText::parse(R"({"card": "good"})");
  const SagaId id = std::get<SagaId>(replay(engine, arrival));
  const Saga saga = engine.saga(id);
  CHECK(saga.replay_of == old);
  CHECK(saga.key == "order-1");
  CHECK(saga.holds_key);
  CHECK(saga.input.value() == Json{{"card", "good"}, {"n", 1}});
  CHECK(engine.saga(old).replayed_by == id);
  CHECK(engine.saga(old).status == Status::compensated);
  CHECK_FALSE(engine.store->summary(old)->holds_key);
  CHECK(engine.store->key_holder({"order", "order-1"}) == id);
  CHECK(std::holds_alternative<Refusal>(replay(engine, arrival)));
}

TEST_CASE("a replay from a step takes over only what still stands") {
  Engine engine{order_definition};
  ReplayArrival arrival;
  arrival.from_step = "charge";
  SUBCASE("compensated: nothing stands") {
    arrival.saga = compensated_saga(engine, "a");
    const auto answer = replay(engine, arrival);
    REQUIRE(std::holds_alternative<Refusal>(answer));
    CHECK(std::get<Refusal>(answer).message.find("reserve") != std::string::npos);
  }
  SUBCASE("abandoned: the reservation stands") {
    const Started started = engine.start("b");
    engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"id", 5}})));
    CHECK(engine.request(started.id, AbandonRequested{}).empty());
    engine.channel.sent.clear();
    arrival.saga = started.id;
    const SagaId id = std::get<SagaId>(replay(engine, arrival));
    CHECK(engine.channel.take().id.step == "charge");
    CHECK(engine.saga(id).steps[0].output == JsonText::parse(R"({"id":5})"));
    CHECK(engine.saga(id).steps[0].carried_over);
  }
  SUBCASE("an unknown step is named") {
    arrival.saga = compensated_saga(engine, "c");
    arrival.from_step = "teleport";
    const auto answer = replay(engine, arrival);
    CHECK(std::get<Refusal>(answer).code == Refused::Code::not_found);
  }
}

TEST_CASE("every verb of the control socket answers in JSON, whatever it is asked") {
  MemoryStore store;
  InProcessChannel channel;
  channel.handle("inventory", "reserve", [](const HandlerCall&) { return Outcome::success(); });
  channel.handle("inventory", "release", [](const HandlerCall&) { return Outcome::success(); });
  channel.handle("payment", "charge",
                 [](const HandlerCall&) { return Outcome::rejected("DECLINED"); });
  channel.handle("payment", "refund", [](const HandlerCall&) { return Outcome::success(); });
  channel.handle("shipping", "schedule", [](const HandlerCall&) { return Outcome::success(); });
  Orchestrator orders{store, channel};
  const Json document = Json::parse(order_definition);

  const Json started = orders.handle(
      {{"verb", "start"}, {"definition", document}, {"input", {{"n", 1}}}, {"key", "k"}});
  REQUIRE(started["ok"] == true);
  CHECK(started["created"] == true);
  const std::string id = started["id"];
  const Json waited = orders.handle({{"verb", "wait"}, {"id", id}, {"timeout_ms", 10'000}});
  CHECK(waited["status"] == "compensated");
  CHECK(waited["done"] == true);

  const auto code = [&orders](const Json& request) {
    const Json answer = orders.handle(request);
    REQUIRE(answer["ok"] == false);
    CHECK_FALSE(answer["error"]["message"].get<std::string>().empty());
    return answer["error"]["code"].get<std::string>();
  };
  for (const char* verb : {"resume", "retry", "cancel", "pause", "abandon"}) {
    CHECK(code({{"verb", verb}, {"id", id}}) == "WRONG_STATE");
  }
  CHECK(code({{"verb", "skip"}, {"id", id}, {"step", "charge"}}) == "WRONG_STATE");
  CHECK(code({{"verb", "skip"}, {"id", id}, {"step", "nowhere"}}) == "NOT_FOUND");
  CHECK(code({{"verb", "skip"}, {"id", id}}) == "INVALID");
  CHECK(code({{"verb", "skip"}, {"id", id}, {"step", "charge"}, {"as", "magic"}}) == "INVALID");
  // An empty name is no name: nothing is left out by it.
  for (const char* verb : {"resume", "retry"}) {
    CHECK(code({{"verb", verb}, {"id", id}, {"step", ""}}) == "INVALID");
  }
  CHECK(code({{"verb", "replay"}, {"id", id}, {"from_step", ""}}) == "INVALID");
  CHECK(code({{"verb", "signal"}, {"id", id}, {"name", "go"}, {"signal_id", ""}}) == "INVALID");
  CHECK(code({{"verb", "pause"}, {"id", "not-an-id"}}) == "INVALID");
  CHECK(code({{"verb", "pause"}, {"id", SagaId::make({}, 1, 1).to_string()}}) == "NOT_FOUND");
  CHECK(code({{"verb", "quarantine_drop"}, {"number", 3}}) == "NOT_FOUND");
  CHECK(code({{"verb", "quarantine_drop"}}) == "INVALID");
  CHECK(code({{"verb", "quarantine_requeue"}, {"number", 3}, {"by", "ada"}}) == "NOT_FOUND");
  CHECK(code({{"verb", "quarantine_requeue"}}) == "INVALID");
  CHECK(code({{"verb", "dance"}}) == "INVALID");
  CHECK(code({{"verb", "pause"}, {"id", id}, {"colour", "red"}}) == "INVALID");
  CHECK(code(Json::array()) == "INVALID");
  CHECK(code({{"verb", "start"}, {"type", "nothing"}}) == "NOT_FOUND");
  CHECK(code({{"verb", "start"}, {"type", "order"}, {"input", {{"n", 2}}}, {"key", "k"}}) ==
        "KEY_CONFLICT");
  CHECK(code({{"verb", "start"}, {"definition", {{"saga", "x"}}}}) == "INVALID");
  const Json again =
      orders.handle({{"verb", "start"}, {"type", "order"}, {"input", {{"n", 1}}}, {"key", "k"}});
  CHECK(again["id"] == id);
  CHECK(again["created"] == false);
  const Json replayed = orders.handle({{"verb", "replay"}, {"id", id}});
  CHECK(replayed["ok"] == true);
  CHECK(orders.handle({{"verb", "info"}})["mode"] == "engine");

  orders.stop();
  CHECK(code({{"verb", "replay"}, {"id", id}}) == "UNAVAILABLE");
}

TEST_CASE("a purge that comes with a replay of what it would take leaves it alone") {
  Engine engine{order_definition};
  const SagaId old = compensated_saga(engine, "order-1");
  engine.now += 48h;
  ReplayArrival replay;
  replay.saga = old;
  std::optional<SagaId> replayed;
  replay.answer = [&replayed](const std::variant<SagaId, Refusal>& answer) {
    replayed = std::get<SagaId>(answer);
  };
  PurgeArrival purge;
  purge.slice.ended_before = engine.now - 24h;
  std::optional<Purged> purged;
  purge.answer = [&purged](const std::variant<Purged, Refusal>& answer) {
    purged = std::get<Purged>(answer);
  };
  const auto purge_again = purge;
  engine.tell(purge, std::move(replay));
  REQUIRE(replayed);
  REQUIRE(purged);
  CHECK(purged->sagas == 0);
  CHECK(engine.saga(old).replayed_by == *replayed);
  // Without a replay there is nothing to keep one.
  const SagaId other = compensated_saga(engine, "order-2");
  engine.now += 48h;
  PurgeArrival later = purge_again;
  later.slice.ended_before = engine.now - 24h;
  engine.tell(later);
  CHECK(purged->sagas == 1);
  CHECK_FALSE(engine.store->summary(other));
  // A second start with its key is a new saga.
  CHECK(engine.start("order-2", {{"card", "bad"}, {"n", 1}}).created);
}

TEST_CASE("purge and release_space are requests like others") {
  skald::MemoryStore store;
  skald::NullChannel channel;
  Orchestrator engine(store, channel);
  const Json purged =
      engine.handle({{"verb", "purge"}, {"ended_before", "2026-01-01T00:00:00Z"}, {"limit", 9}});
  CHECK(purged == Json{{"ok", true}, {"sagas", 0}, {"rows", 0}, {"next", nullptr}});
  CHECK(engine.handle({{"verb", "release_space"}}) == Json{{"ok", true}, {"free_bytes", 0}});
  const auto code = [&engine](const Json& request) {
    return engine.handle(request)["error"]["code"];
  };
  CHECK(code({{"verb", "purge"}}) == "INVALID");
  CHECK(code({{"verb", "purge"}, {"ended_before", "30d"}}) == "INVALID");
  CHECK(code({{"verb", "purge"}, {"ended_before", "2026-01-01T00:00:00Z"}, {"limit", 0}}) ==
        "INVALID");
  CHECK(code({{"verb", "purge"}, {"ended_before", "2026-01-01T00:00:00Z"}, {"after", "x"}}) ==
        "INVALID");
  CHECK(code({{"verb", "release_space"}, {"bytes", 0}}) == "INVALID");
}
