// No saga's data harms another: small inputs that once ended or stopped the engine.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

const char* const healthy = R"({
  "saga": "healthy", "version": 1, "steps": [
    {"name": "a", "participant": "h", "action": "do-h", "compensation": "undo-h"} ] })";

// A list of small numbers: `bytes` of JSON.
Json small_numbers(std::size_t bytes) {
  Json list = Json::array();
  for (std::size_t i = 0; i < bytes / 2; ++i) list.push_back(7);
  return list;
}

Json text_of(std::size_t bytes) { return std::string(bytes, 'y'); }

// How many calls of process() it takes until nothing is due at once; each call's work is bounded.
struct Turns {
  std::size_t count = 0;
  std::uint64_t most_bytes = 0;
  std::uint64_t most_decisions = 0;
};
Turns run_until_quiet(Engine& engine) {
  Turns turns;
  while (engine.next_due() && *engine.next_due() <= engine.now) {
    const WorkDone before = work();
    engine.tell();
    ++turns.count;
    turns.most_bytes = std::max(turns.most_bytes, work().bytes() - before.bytes());
    turns.most_decisions = std::max(turns.most_decisions, work().decisions - before.decisions);
    REQUIRE(turns.count < 10'000);
  }
  return turns;
}

}  // namespace

TEST_CASE("a pointer that leads into a list by no number leads nowhere, also after a restart") {
  for (const char* pointer : {"/input/items/", "/input/items/20261126000000000001234",
                              "/input/items/-", "/input/items/01", "/input/items/1x"}) {
    CAPTURE(pointer);
    const std::string definition = fmt::format(R"({{"saga": "a", "version": 1, "steps": [
      {{"name": "z", "sleep": "1s"}},
      {{"name": "s", "participant": "p", "action": "a", "compensation": "u",
        "when": {{"$from": "{}", "exists": false}},
        "input": {{"$from": "{}", "default": "none"}}}} ]}})",
                                               pointer, pointer);
    Engine engine{definition.c_str()};
    const SagaId id = engine.start({}, {{"items", {1}}});
    engine.crash();
    engine.tell(RoomArrival{});
    engine.now += 1s;
    engine.tell();
    CHECK(engine.channel.take().body.text() == R"({"input":"none"})");
    CHECK(engine.status(id) == Status::running);
  }
}

TEST_CASE("a definition whose normal form could not be read back is refused") {
  const auto refusal = [](const Json& document) -> std::string {
    try {
      (void)make_definition(document);
    } catch (const DefinitionError& error) {
      return error.what();
    }
    return {};
  };
  Json deep = 1;
  for (int i = 0; i < 61; ++i) deep = Json::array({deep});
  Json document{
      {"saga", "d"},
      {"version", 1},
      {"defaults", {{"on_failure", {{"fallback", deep}}}}},
      {"steps", {{{"name", "a"}, {"participant", "p"}, {"action", "a"}, {"compensation", "u"}}}}};
  CHECK(refusal(document).find("cannot be read back") != std::string::npos);

  Json codes = Json::array();
  for (int i = 0; i < 60; ++i) codes.push_back(fmt::format("CODE_OF_A_PARTICIPANT_{}", i));
  Json steps = Json::array();
  for (int i = 0; i < 620; ++i) {
    steps.push_back({{"name", fmt::format("s{}", i)},
                     {"participant", "p"},
                     {"action", "a"},
                     {"compensation", "u"}});
  }
  document["defaults"] = {{"retry", {{"retry_on", codes}}}};
  document["steps"] = steps;
  CHECK(refusal(document).find("over the limit of 1048576 bytes") != std::string::npos);

  document["defaults"] = {{"on_failure", {{"fallback", text_of(850'000)}}}};
  CHECK(refusal(document).find("steps[1]") != std::string::npos);
}

TEST_CASE("a long template costs a for_each its length once, not once for each element") {
  std::string references;
  for (int i = 0; i < 1100; ++i)
    references += fmt::format(R"({}{{"$from":"/item/x"}})", i ? "," : "");
  const std::string definition = R"({"saga": "e", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "gather": "none", "concurrency": 4, "step":
      {"participant": "p", "action": "a", "compensation": "none", "input": [)" +
                                 references + R"(]}}} ]})";
  Engine engine{definition.c_str()};
  Json items = Json::array();
  for (int i = 0; i < 999; ++i) items.push_back({{"x", i}});
  const WorkDone before = work();
  const SagaId id = engine.start({}, {{"items", items}});
  (void)run_until_quiet(engine);
  CHECK(engine.channel.sent.size() == 4);
  CHECK(work().bytes() - before.bytes() < payload_bytes_max);
  engine.crash();
  engine.tell(RoomArrival{});
  CHECK(engine.status(id) == Status::running);
}

TEST_CASE("a patch that makes an input too long is refused when it is given") {
  const char* definition = R"({"saga": "p", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "u", "on_failure": "stuck"},
    {"name": "b", "participant": "p", "action": "b", "compensation": "u"} ]})";
  Engine engine{definition};
  const SagaId id = engine.start({}, {{"x", text_of(600'000)}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  REQUIRE(engine.status(id) == Status::stuck);
  const JsonText patch = JsonText::of({{"z", text_of(600'000)}});
  const std::string refusal = engine.request(id, ResumeRequested{{}, no_step, patch}, "a");
  CHECK(refusal.find("over the limit of 1048576") != std::string::npos);
  CHECK(refusal.find("step a") != std::string::npos);
  CHECK(
      engine.request(id, ResumeRequested{{}, no_step, JsonText::parse(R"({"x":1})")}, "a").empty());
  CHECK(engine.channel.take().body.text() == R"({"input":{"x":1}})");

  bool refused = false;
  engine.request(id, AbandonRequested{});
  engine.tell(ReplayArrival{id, {}, patch, {}, true, {}, [&](std::variant<SagaId, Refusal> answer) {
                              refused = std::holds_alternative<Refusal>(answer);
                            }});
  CHECK(refused);
}

TEST_CASE("a key, a signal or an operator that is no text is refused at its entry") {
  Engine engine{healthy};
  CHECK_THROWS_WITH_AS(engine.start("caf\xE9"), "the key is not valid UTF-8", Refused);
  CHECK_THROWS_WITH_AS(engine.start(std::string("a\0b", 3)), "the key holds a NUL character",
                       Refused);
  CHECK_THROWS_WITH_AS(engine.start(""), "the key is empty", Refused);
  CHECK_THROWS_AS(engine.start(std::string(256, 'k')), Refused);
  const SagaId id = engine.start(std::string(255, 'k'));
  CHECK(engine.request(id, PauseRequested{{"caf\xE9", ""}}) ==
        "the operator's name is not valid UTF-8");
  CHECK(engine.request(id, SignalReceived{"\xFF", {}, {}}) == "the signal is not valid UTF-8");
  CHECK(engine.request(id, PauseRequested{{"ann", "caf\xE9"}}).empty());
  engine.crash();
  CHECK(engine.saga(id).paused);
}

TEST_CASE("a participant's error texts are cleaned, and its long data is left out by name") {
  Engine engine{healthy};
  const SagaId id = engine.start();
  Outcome outcome = Outcome::rejected("NO\xE9" + std::string(300, 'C'), std::string(9'000, '\xE9'));
  outcome.error.data = JsonText::of(text_of(error_data_bytes_max + 1));
  engine.tell(Engine::reply(engine.channel.take(), outcome));
  const ErrorInfo error = engine.saga(id).turn_back->error;
  CHECK(error.code.size() <= 255);
  CHECK(error.message.size() <= 4096);
  CHECK(error.message.find("data of 65539 bytes left out") != std::string::npos);
  CHECK(error.data.is_null());
}

TEST_CASE("outputs that do not fit a saga together leave their step in doubt, not forgotten") {
  std::string steps;
  for (int i = 0; i < 10; ++i) {
    steps += fmt::format(
        R"({}{{"name": "s{}", "participant": "p", "action": "a", "compensation": "u"}})",
        i ? "," : "", i);
  }
  const std::string definition = R"({"saga": "o", "version": 1, "steps": [)" + steps + "]}";
  Engine engine{definition.c_str()};
  const SagaId id = engine.start();
  const Outcome large = Outcome::success(text_of(1'000'000));
  for (int i = 0; i < 8; ++i) engine.tell(Engine::reply(engine.channel.take(), large));
  CHECK(engine.saga(id).steps[7].status == StepStatus::succeeded);
  engine.tell(Engine::reply(engine.channel.take(), large));
  const Saga saga = engine.saga(id);
  CHECK(saga.steps[8].status == StepStatus::unknown);
  CHECK(saga.turn_back->error.code == "OUTPUT_TOO_LARGE");
  CHECK(saga.undo_plan.front() == 8);
  CHECK(engine.channel.take().id.direction == Direction::compensate);
}

TEST_CASE("children that start and end in one turn do so without recursion, so many per turn") {
  std::string groups;
  for (int i = 0; i < 60; ++i) {
    groups += fmt::format(
        R"({}{{"name": "g{}", "for_each": {{"in": "/input/items",
          "step": {{"saga": {{"type": "kid"}}}}}}}})",
        i ? "," : "", i);
  }
  // 60 lists of 16 children, one after the other: as many steps as a saga may have.
  const std::string definition = R"({"saga": "many", "version": 1, "steps": [)" + groups + "]}";
  Engine engine{definition.c_str()};
  REQUIRE(engine
              .define(R"({"saga": "kid", "version": 1, "steps": [{"name": "s", "participant": "p",
    "action": "a", "compensation": "none", "when": {"$from": "/input/never", "exists": true}}]})")
              .empty());
  Json items = Json::array();
  for (int i = 0; i < 15; ++i) items.push_back(i);
  const SagaId id = engine.start({}, {{"items", items}});
  const Turns turns = run_until_quiet(engine);
  CHECK(engine.status(id) == Status::completed);
  CHECK(engine.store->count({}) == 901);
  CHECK(turns.most_decisions < 4'096 + 16);
}

TEST_CASE("a sleep far beyond what clocks can count is due then, and costs nothing until then") {
  Engine engine{R"({"saga": "z", "version": 1, "steps": [
    {"name": "z", "sleep": {"$from": "/input/at"}} ]})"};
  for (const char* at : {"2330-01-01T00:00:00Z", "9999-12-31T23:59:59.999-23:59", "36525d"}) {
    const SagaId id = engine.start({}, {{"at", at}});
    CHECK(engine.status(id) == Status::running);
  }
  REQUIRE(engine.next_due());
  CHECK(*engine.next_due() > engine.now + std::chrono::hours{24 * 365 * 90});
  engine.crash();
  REQUIRE(engine.next_due());
  engine.now += 20s;
  engine.tell();
  CHECK(*engine.next_due() > engine.now + std::chrono::hours{24 * 365 * 90});
}

TEST_CASE("times that a participant gives are bounded") {
  Engine engine{healthy};
  const SagaId id = engine.start();
  engine.tell(
      Engine::reply(engine.channel.take(), Outcome::failed("BUSY", "", Duration{INT64_MAX})));
  CHECK(engine.saga(id).steps[0].of(Direction::action).retry_at == later(engine.now, duration_max));
  CHECK(engine.next_due() == later(engine.now, duration_max));
}

TEST_CASE("conditions of many steps on a long input hold nobody up") {
  // Growth: ×1, ×2, ×4 steps cost the input once each, and a little for each step.
  std::vector<std::uint64_t> costs;
  for (const int count : {100, 200, 400}) {
    std::string steps;
    for (int i = 0; i < count; ++i) {
      steps += fmt::format(R"({}{{"name": "s{}", "participant": "p", "action": "a",
        "compensation": "none", "when": {{"$from": "/input/items/3", "equals": "no"}}}})",
                           i ? "," : "", i);
    }
    const std::string definition = R"({"saga": "w", "version": 1, "steps": [)" + steps + "]}";
    Engine engine{definition.c_str()};
    const WorkDone before = work();
    const SagaId id = engine.start({}, {{"items", small_numbers(1'000'000)}});
    const Turns turns = run_until_quiet(engine);
    CHECK(engine.status(id) == Status::completed);
    costs.push_back(work().parsed_bytes - before.parsed_bytes);
    CHECK(turns.most_bytes < 8 * payload_bytes_max);
  }
  CHECK(costs[0] < 4 * payload_bytes_max);
  CHECK(costs[2] < costs[0] + payload_bytes_max);
}

TEST_CASE("a long list's elements read the list once, not once each") {
  const char* definition = R"({"saga": "e", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 1000, "gather": "/output/n",
      "step": {"participant": "p", "action": "a", "compensation": "none"}}} ]})";
  std::vector<std::uint64_t> costs;
  for (const int count : {240, 480, 960}) {
    Engine engine{definition};
    Json items = Json::array();
    for (int i = 0; i < count; ++i) items.push_back(std::string(1'000, 'x'));
    const WorkDone before = work();
    const SagaId id = engine.start({}, {{"items", items}});
    (void)run_until_quiet(engine);
    int sent = 0;
    while (!engine.channel.sent.empty()) {
      engine.tell(Engine::reply(engine.channel.take(), Outcome::success(Json{{"n", sent++}})));
    }
    CHECK(sent == count);
    CHECK(engine.status(id) == Status::completed);
    CHECK(engine.saga(id).steps.back().output->text().starts_with("[0,1,2,"));
    costs.push_back(work().bytes() - before.bytes());
  }
  // Linear: twice as many cost twice as much, and not four times.
  CHECK(costs[1] < 3 * costs[0]);
  CHECK(costs[2] < 3 * costs[1]);
}

TEST_CASE("many large starts at once are taken in turns, and others come between them") {
  Engine engine{healthy};
  SagaId last;
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 64; ++i) {
    arrivals.emplace_back(engine.start_arrival({}, {{"x", text_of(1'000'000)}}, &last));
  }
  engine.tell_all(std::move(arrivals));
  CHECK(engine.channel.sent.size() < 16);
  CHECK(engine.coordinator().has_backlog());
  const Turns turns = run_until_quiet(engine);
  CHECK(turns.count > 8);
  CHECK(engine.store->count({}) == 64);
  CHECK(engine.channel.sent.size() == 64);
}

TEST_CASE("a repeated start with a reordered long input is compared in turns") {
  Engine engine{healthy};
  Json input;
  for (int i = 0; i < 40'000; ++i) input[fmt::format("key-{}", i)] = i;
  const Started first = engine.start("k", input);
  std::string reordered = "{";
  for (int i = 39'999; i >= 0; --i) {
    reordered += fmt::format("{}\"key-{}\": {}", i < 39'999 ? "," : "", i, i);
  }
  reordered += "}";
  std::vector<Arrival> arrivals;
  int found = 0;
  for (int i = 0; i < 20; ++i) {
    StartArrival arrival = engine.start_arrival("k", Json::object(), nullptr);
    arrival.input = JsonText::parse(reordered);
    arrival.answer = [&](std::variant<Started, Refusal> answer) {
      found += std::get<Started>(answer).id == first.id ? 1 : 0;
    };
    arrivals.emplace_back(std::move(arrival));
  }
  engine.tell_all(std::move(arrivals));
  const Turns turns = run_until_quiet(engine);
  CHECK(found == 20);
  CHECK(turns.most_bytes < 8 * payload_bytes_max);
}

TEST_CASE("a family has a limit, and a step that would pass it is rejected by name") {
  Engine engine{R"({"saga": "tree", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 1000,
      "step": {"saga": {"type": "branch", "input": {"items": {"$from": "/input/items"}}}}}} ]})"};
  REQUIRE(engine
              .define(R"({"saga": "branch", "version": 1, "steps": [
    {"name": "each", "for_each": {"in": "/input/items", "concurrency": 1000,
      "step": {"saga": {"type": "leaf"}}}} ]})")
              .empty());
  REQUIRE(engine
              .define(R"({"saga": "leaf", "version": 1, "steps": [
    {"name": "wait", "wait_for": {"signal": "go"}} ]})")
              .empty());
  Json items = Json::array();
  for (int i = 0; i < 80; ++i) items.push_back(i);
  const SagaId id = engine.start({}, {{"items", items}});
  const Turns turns = run_until_quiet(engine);
  CHECK(turns.most_decisions < 3 * 4'096);
  const Saga root = engine.saga(id);
  CHECK(root.status == Status::compensated);
  CHECK(root.turn_back->error.message.find("CHILD_FAMILY") == std::string::npos);
  CHECK(engine.store->count({}) <= family_sagas_max);
}

TEST_CASE("a saga with large payloads in and out can be undone") {
  Engine engine{R"({"saga": "u", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "u"},
    {"name": "b", "participant": "p", "action": "b", "compensation": "none"} ]})"};
  const SagaId id = engine.start({}, {{"x", text_of(1'000'000)}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success(text_of(1'000'000))));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  const Command undo = engine.channel.take();
  CHECK(undo.body.text().size() > 2'000'000);
  CHECK(undo.body.text().size() <= body_bytes_max);
  engine.tell(Engine::reply(undo, Outcome::success()));
  CHECK(engine.status(id) == Status::compensated);
}

TEST_CASE("large sagas leave memory by their bytes, and go out as far as bodies have room") {
  Engine engine{healthy};
  engine.channel.room = false;
  const Json input{{"x", text_of(1'000'000)}};
  for (int i = 0; i < 300; ++i) (void)engine.start({}, input);
  CHECK(engine.coordinator().cached() < 290);
  engine.channel.room = true;
  engine.tell(RoomArrival{});
  (void)run_until_quiet(engine);
  const std::size_t sent = engine.channel.sent.size();
  CHECK(sent > 32);
  CHECK(sent < 80);
  // What was sent above the limit is answered first; then as many go out as are answered.
  for (int i = 0; i < 20; ++i) {
    engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  }
  (void)run_until_quiet(engine);
  CHECK(engine.channel.sent.size() > sent - 20);
  CHECK(engine.channel.sent.size() <= sent);
}
