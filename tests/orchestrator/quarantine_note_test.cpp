// What a saga and its participant tell of messages that could not be used.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "policy_world.hpp"
#include "scripted_channel.hpp"
#include "skald/limits.hpp"
#include "skald/view.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

UnusableArrival broken_reply(const SagaId& saga, const char* step) {
  QuarantinedMessage message;
  message.reason = "BAD_JSON";
  message.detail = "the body is no JSON: line 1, column 3";
  message.saga = saga.to_string();
  message.step = step;
  return UnusableArrival{message, 0};
}

std::string why_of(Engine& engine, const SagaId& id) {
  const Definition definition = parse_definition(order_definition);
  return why(definition, engine.saga(id), engine.now);
}

Json participant(Engine& engine, const char* name) {
  Json found;
  engine.tell(ParticipantsArrival{[&](auto answer) {
    for (const ParticipantStatus& p : std::get<std::vector<ParticipantStatus>>(answer)) {
      if (p.name == name) found = participant_json(p, engine.now);
    }
  }});
  return found;
}

}  // namespace

TEST_CASE("a message in quarantine is in the history of its saga, and why names it") {
  Engine engine{order_definition};
  const SagaId id = engine.start();
  const std::string step = engine.channel.take().id.step;
  engine.tell(broken_reply(id, step.c_str()));
  const Saga saga = engine.saga(id);
  REQUIRE(saga.unusable);
  CHECK(saga.unusable->step == 0);
  CHECK(saga.unusable->reason == "BAD_JSON");
  const auto rows = engine.store->journal(id);
  const auto* noted = std::get_if<MessageQuarantined>(&rows.back().events.front());
  REQUIRE(noted);
  CHECK(noted->detail == "the body is no JSON: line 1, column 3");
  const std::string sentence = why_of(engine, id);
  CAPTURE(sentence);
  CHECK(sentence.find("could not be used (BAD_JSON: the body is no JSON") != std::string::npos);
  CHECK(sentence.find("skald quarantine list") != std::string::npos);
}

TEST_CASE("a participant's unusable messages are counted, over restarts as well") {
  Engine engine{order_definition};
  const SagaId id = engine.start();
  const Command command = engine.channel.take();
  engine.tell(broken_reply(id, command.id.step.c_str()));
  engine.tell(broken_reply(id, command.id.step.c_str()));
  CHECK(participant(engine, command.participant.c_str()).at("unusable_messages") == 2);
  engine.crash();
  CHECK(participant(engine, command.participant.c_str()).at("unusable_messages") == 2);
}

TEST_CASE("a saga's history tells of a bounded number of unusable messages") {
  Engine engine{order_definition};
  const SagaId id = engine.start();
  for (std::uint32_t i = 0; i < unusable_noted_max + 20; ++i) engine.tell(broken_reply(id, ""));
  CHECK(engine.saga(id).unusable_count == unusable_noted_max);
  CHECK(engine.store->quarantine(0, 1'000).size() == unusable_noted_max + 20);
}

TEST_CASE("an answer that contradicts what a completed saga was told is kept and flagged") {
  Engine engine{R"({"saga": "one", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })"};
  const SagaId id = engine.start();
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, Outcome::success()));
  REQUIRE(engine.status(id) == Status::completed);
  SUBCASE("at once") {}
  SUBCASE("after a restart") { engine.crash(); }
  engine.tell(Engine::reply(command, Outcome::success()));
  CHECK_FALSE(engine.saga(id).contradicted);
  engine.tell(Engine::reply(command, Outcome::failed("BUSY")));
  CHECK_FALSE(engine.saga(id).contradicted);
  engine.tell(Engine::reply(command, Outcome::rejected("NO")));
  CHECK(engine.status(id) == Status::completed);
  CHECK(engine.saga(id).contradicted);
  CHECK(engine.store->summary(id)->contradicted);
  REQUIRE(engine.store->quarantine(0, 10).size() == 1);
  CHECK(engine.store->quarantine(0, 10).front().reason == "CONTRADICTION");
}
