// What the coordinator says of a saga with secrets where nobody masks it afterwards: in log lines,
// in the state of participants, in refusals, and to other sagas.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy_world.hpp"
#include "skald/participant_state.hpp"

using namespace skald;
using skald::testing::Engine;

namespace {

constexpr const char* card = "4111222233334444";

constexpr const char* guarded = R"({
  "saga": "pay", "version": 1, "secrets": ["/input/card", "/input/pin"],
  "participants": {"payment": {"breaker": {"failures": 1, "delay": "10s"}}},
  "defaults": {"retry": {"max_attempts": 1}},
  "steps": [{"name": "charge", "participant": "payment", "action": "charge",
             "compensation": "refund"}]})";

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t lines_with(const Engine& engine, std::string_view part) {
  return static_cast<std::size_t>(
      std::count_if(engine.log.begin(), engine.log.end(),
                    [&](const std::string& line) { return says(line, part); }));
}

std::string requeue_message(Engine& engine, const QuarantinedMessage& message) {
  Batch batch;
  batch.quarantined.push_back(message);
  (void)engine.store->commit(batch);
  std::string words = "not refused";
  engine.tell(RequeueQuarantinedArrival{
      engine.store->quarantine(0, 100).back().number, {"ada", ""}, [&words](auto answer) {
        const auto* refused = std::get_if<Refusal>(&answer);
        if (refused) words = refused->message;
      }});
  return words;
}

}  // namespace

TEST_CASE("an error code that copies a secret is neither logged nor kept of its participant") {
  Engine engine{guarded};
  (void)engine.start({}, {{"card", card}});
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, Outcome::failed(std::string("NO_") + card, "refused")));
  REQUIRE(engine.breaker_changes.size() == 1);
  CHECK(engine.breaker_changes[0].error_code == "NO_***");
  CHECK(lines_with(engine, "the breaker is open after NO_***;") == 1);
  CHECK(lines_with(engine, card) == 0);
  std::vector<ParticipantStatus> all;
  engine.tell(ParticipantsArrival{
      [&all](auto answer) { all = std::get<std::vector<ParticipantStatus>>(std::move(answer)); }});
  REQUIRE(all.size() == 1);
  CHECK(all[0].state.last_answer->error_code == "NO_***");
  CHECK(all[0].state.last_error->error_code == "NO_***");
  for (const auto& [name, text] : engine.store->participant_states()) CHECK_FALSE(says(text, card));
}

TEST_CASE("a code of a saga without a copy of its secrets is logged as it is") {
  Engine engine{guarded};
  (void)engine.start({}, {{"card", card}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("DOWN")));
  CHECK(lines_with(engine, "the breaker is open after DOWN;") == 1);
}

TEST_CASE("the refusal to requeue a message quotes no secret of the saga it names") {
  Engine engine{guarded};
  const Started started = engine.start({}, {{"card", card}});
  engine.channel.reads = [](const QuarantinedMessage& message) -> Reconsidered {
    return Unusable{message.reason, std::string("it is for ") + card};
  };
  QuarantinedMessage message;
  message.channel = "scripted";
  message.reason = "FORGED_KEY";
  message.saga = started.id.to_string();
  CHECK(says(requeue_message(engine, message), "(FORGED_KEY): it is for ***"));
  message.saga = "nobody";
  const std::string unknown = requeue_message(engine, message);
  CHECK_FALSE(says(unknown, card));
  CHECK(says(unknown, "its saga cannot be read and definitions in this store declare secrets"));
}

TEST_CASE("without secrets the refusal to requeue a message says what its channel says") {
  Engine engine{skald::testing::order_definition};
  engine.channel.reads = [](const QuarantinedMessage& message) -> Reconsidered {
    return Unusable{message.reason, "it is for engine 'other'"};
  };
  QuarantinedMessage message;
  message.channel = "scripted";
  message.reason = "UNKNOWN_ENGINE";
  CHECK(says(requeue_message(engine, message), "(UNKNOWN_ENGINE): it is for engine 'other'"));
}

TEST_CASE("a sleep until what is no time quotes nothing where the definition declares secrets") {
  const char* const sleeper = R"({
    "saga": "nap", "version": 1, "secrets": ["/steps/ask/output/pin"],
    "steps": [{"name": "ask", "participant": "p", "action": "ask", "compensation": "none"},
              {"name": "nap", "sleep": {"$from": "/steps/ask/output/pin"}}]})";
  Engine engine{sleeper};
  for (const Json& pin : {Json("x\"y"), Json("a\\b\n"), Json(12), Json({{"k", "v\tw"}})}) {
    const SagaId id = engine.start().id;
    engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"pin", pin}})));
    const Saga saga = engine.saga(id);
    REQUIRE(saga.stuck);
    CHECK(saga.stuck->error.message ==
          "the sleep of nap is neither a duration such as \"5m\" nor a time; the value is not "
          "shown, since the definition declares secrets");
  }
}

TEST_CASE("a start is refused for a sleep's time without quoting it where secrets are declared") {
  Engine engine{R"({
    "saga": "nap", "version": 1, "secrets": ["/input/until"],
    "steps": [{"name": "nap", "sleep": {"$from": "/input/until"}}]})"};
  std::string words;
  try {
    (void)engine.start({}, {{"until", "x\"y"}});
  } catch (const Refused& refused) {
    words = refused.what();
  }
  CHECK(says(words, "nor a time; the value is not shown"));
  CHECK_FALSE(says(words, "y\""));
}

TEST_CASE("a child's secret is hidden from its parent in the error of its end") {
  Engine engine{R"({
    "saga": "trip", "version": 1, "steps": [
      {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
      {"name": "hotel", "saga": {"type": "hotel"}}]})"};
  CHECK(engine
            .define(R"({
    "saga": "hotel", "version": 1, "secrets": ["/steps/room/output/token"], "steps": [
      {"name": "room", "participant": "h", "action": "book", "compensation": "unbook"},
      {"name": "pay", "participant": "h", "action": "pay", "compensation": "repay"}]})")
            .empty());
  const SagaId id = engine.start().id;
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"token", card}})));
  engine.tell(Engine::reply(engine.channel.take(),
                            Outcome::rejected(card, std::string("no money on ") + card)));
  while (!engine.channel.sent.empty()) {
    const Command command = engine.channel.take();
    CHECK_FALSE((command.action == "undo-a" && says(command.body.text(), card)));
    engine.tell(Engine::reply(command, Outcome::success()));
  }
  const Saga parent = engine.saga(id);
  CHECK(parent.status == Status::compensated);
  REQUIRE(parent.turn_back);
  CHECK(parent.turn_back->error.code == "CHILD_COMPENSATED");
  CHECK(says(parent.turn_back->error.message, "was undone: no money on ***"));
}
