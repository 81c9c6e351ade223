// Messages that were put into quarantine, and what becomes of them when they are looked at again.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "scripted_channel.hpp"

using namespace skald;
using namespace skald::testing;

namespace {

// A reply that the engine itself put aside.
QuarantinedMessage kept(const SagaId& saga, const std::string& reason, const Json& outcome,
                        const std::string& step = "reserve", std::uint32_t attempt = 1) {
  QuarantinedMessage message;
  message.channel = "scripted";
  message.reason = reason;
  message.saga = saga.to_string();
  message.headers = Json{{"step", step}, {"direction", "action"}, {"attempt", attempt}}.dump();
  message.body = outcome.dump();
  return message;
}

std::int64_t put(Engine& engine, QuarantinedMessage message) {
  Batch batch;
  batch.quarantined.push_back(std::move(message));
  (void)engine.store->commit(batch);
  return engine.store->quarantine(0, 100).back().number;
}

std::variant<RequeueOutcome, Refusal> requeue(Engine& engine, std::int64_t number) {
  std::variant<RequeueOutcome, Refusal> result = Refusal{Refused::Code::invalid, "not answered"};
  engine.tell(RequeueQuarantinedArrival{
      number, {"ada", ""}, [&result](auto answer) { result = std::move(answer); }});
  return result;
}

std::string refusal(Engine& engine, std::int64_t number) {
  const auto result = requeue(engine, number);
  const auto* refused = std::get_if<Refusal>(&result);
  return refused ? refused->message : "not refused";
}

std::size_t left(Engine& engine) { return engine.store->quarantine(0, 100).size(); }

bool says(const std::string& sentence, const char* part) {
  return sentence.find(part) != std::string::npos;
}

const Json success{{"outcome", "success"}, {"output", {{"id", "r-1"}}}};

}  // namespace

TEST_CASE("a reply whose saga is there by now is used when it is requeued") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command first = engine.channel.take();
  const auto number = put(engine, kept(started.id, "UNKNOWN_SAGA", success, first.id.step));
  const auto result = requeue(engine, number);
  REQUIRE(std::holds_alternative<RequeueOutcome>(result));
  CHECK(std::get<RequeueOutcome>(result).used);
  CHECK(std::get<RequeueOutcome>(result).saga == started.id);
  CHECK(engine.saga(started.id).steps[0].status == StepStatus::succeeded);
  CHECK(engine.saga(started.id).steps[0].output == JsonText::of({{"id", "r-1"}}));
  CHECK(engine.channel.take().id.step != first.id.step);
  CHECK(left(engine) == 0);
}

TEST_CASE("a kept failure comes back with everything that it said") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  // The engine keeps it itself, because the attempt was never made; then the attempt is made.
  Outcome busy = Outcome::failed("BUSY", "later", Duration{90'000});
  busy.error.data = JsonText::of({{"queue", 7}});
  Reply early{started.id, {0, Direction::action, 2}, {}, busy, 0};
  engine.tell(ReplyArrival{early});
  REQUIRE(left(engine) == 1);
  CHECK(says(refusal(engine, 1), "FORGED_ATTEMPT"));
  engine.tell(Engine::reply(command, Outcome::failed("BUSY")));
  engine.now = *engine.next_due();
  engine.tell(RoomArrival{});
  REQUIRE(engine.channel.take().attempt.attempt == 2);
  const auto result = requeue(engine, 1);
  REQUIRE(std::holds_alternative<RequeueOutcome>(result));
  CHECK(std::get<RequeueOutcome>(result).used);
  const Attempts action = engine.saga(started.id).steps[0].of(Direction::action);
  REQUIRE(action.error);
  CHECK(action.error->message == "later");
  CHECK(action.error->data == JsonText::of({{"queue", 7}}));
  CHECK(action.retry_at == engine.now + Duration{90'000});
}

TEST_CASE("a reply that nothing waits for any more leaves the quarantine and changes nothing") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, Outcome::success({{"id", "r-0"}})));
  const auto version = engine.saga(started.id).version;
  const auto number = put(engine, kept(started.id, "UNKNOWN_SAGA", success, command.id.step));
  const auto result = requeue(engine, number);
  REQUIRE(std::holds_alternative<RequeueOutcome>(result));
  CHECK_FALSE(std::get<RequeueOutcome>(result).used);
  CHECK(says(std::get<RequeueOutcome>(result).note, "nothing changed"));
  CHECK(engine.saga(started.id).version == version);
  CHECK(left(engine) == 0);
}

TEST_CASE("what still cannot be used stays in quarantine, and the refusal says why") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const SagaId nobody = SagaId::make(engine.now, 1, 2);
  CHECK(says(refusal(engine, put(engine, kept(nobody, "UNKNOWN_SAGA", success))), "UNKNOWN_SAGA"));
  CHECK(says(refusal(engine, put(engine, kept(started.id, "UNKNOWN_STEP", success, "nowhere"))),
             "UNKNOWN_STEP"));
  CHECK(says(refusal(engine, put(engine, kept(started.id, "UNKNOWN_SAGA", {{"outcome", "odd"}}))),
             "not a whole reply"));
  QuarantinedMessage broken;
  broken.channel = "amqp";
  broken.reason = "BAD_JSON";
  CHECK(says(refusal(engine, put(engine, broken)), "cannot read it again"));
  CHECK(left(engine) == 4);
  CHECK(says(refusal(engine, 77), "no message 77"));
  CHECK(engine.saga(started.id).version == 1);
}

TEST_CASE("a message of the channel's is read again by the channel") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  QuarantinedMessage odd;
  odd.channel = "scripted";
  odd.reason = "UNSUPPORTED_PROTOCOL";
  const auto number = put(engine, odd);
  engine.channel.reads = [&](const QuarantinedMessage& message) -> Reconsidered {
    CHECK(message.reason == "UNSUPPORTED_PROTOCOL");
    return Reply{started.id, command.attempt, {}, Outcome::success(), 0};
  };
  CHECK(std::holds_alternative<RequeueOutcome>(requeue(engine, number)));
  CHECK(engine.saga(started.id).steps[0].status == StepStatus::succeeded);
  CHECK(left(engine) == 0);
}

TEST_CASE("a contradiction stays in quarantine until it is dropped") {
  Engine engine{order_definition};
  (void)engine.start();
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, Outcome::success()));
  engine.tell(Engine::reply(command, Outcome::rejected("NO")));
  REQUIRE(left(engine) == 1);
  CHECK(says(refusal(engine, 1), "contradicts what is decided"));
  CHECK(left(engine) == 1);
}

TEST_CASE("on a full disk a requeued message stays where it is") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command command = engine.channel.take();
  const auto number = put(engine, kept(started.id, "UNKNOWN_SAGA", success, command.id.step));
  engine.disk.fail_writes(StoreError::Kind::full);
  const auto result = requeue(engine, number);
  REQUIRE(std::holds_alternative<Refusal>(result));
  CHECK(std::get<Refusal>(result).code == Refused::Code::unavailable);
  engine.disk.fail_writes(std::nullopt);
  CHECK(left(engine) == 1);
}
