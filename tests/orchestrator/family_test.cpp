// Child sagas, locks, delayed starts and signals, through the coordinator and across crashes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using namespace std::chrono_literals;

namespace {

constexpr const char* trip = R"({
  "saga": "trip", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"},
    {"name": "hotel", "saga": {"type": "hotel", "input": {"city": {"$from": "/input/city"}}}},
    {"name": "b", "participant": "p", "action": "do-b", "compensation": "undo-b"} ] })";

constexpr const char* hotel = R"({
  "saga": "hotel", "version": 1, "output": {"room": {"$from": "/steps/room/output"}}, "steps": [
    {"name": "room", "participant": "h", "action": "book", "compensation": "unbook"},
    {"name": "pay", "participant": "h", "action": "pay", "compensation": "repay"} ] })";

constexpr const char* locking = R"({
  "saga": "locking", "version": 1, "locks": ["order/{/input/order}"], "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "undo-a"} ] })";

void define(Engine& engine, const char* text) {
  engine.tell(
      DefineArrival{std::make_shared<const Definition>(parse_definition(text)),
                    [](std::variant<bool, Refusal> answer) { CHECK(answer.index() == 0); }});
}

// Answers the oldest command and says which it was.
std::string answer(Engine& engine, Outcome outcome = Outcome::success()) {
  const Command command = engine.channel.take();
  engine.tell(Engine::reply(command, std::move(outcome)));
  return command.action;
}

SagaId child_of(Engine& engine, const SagaId& parent) {
  return *engine.saga(parent).steps[1].child;
}

}  // namespace

TEST_CASE("a child saga runs as a step and hands its output to its parent") {
  Engine engine{trip};
  define(engine, hotel);
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  const SagaId child = child_of(engine, id);
  CHECK(engine.saga(child).input == JsonText::parse(R"({"city":"Oslo"})"));
  CHECK(engine.saga(child).root == id);
  CHECK(answer(engine, Outcome::success(7)) == "book");
  CHECK(answer(engine) == "pay");
  CHECK(engine.status(child) == Status::completed);
  CHECK(engine.saga(id).steps[1].output == JsonText::parse(R"({"room":7})"));
  CHECK(answer(engine) == "do-b");
  CHECK(engine.status(id) == Status::completed);
}

TEST_CASE("a parent that turns back has its completed child undone, in reverse order") {
  Engine engine{trip};
  define(engine, hotel);
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  for (int i = 0; i < 3; ++i) (void)answer(engine);
  const SagaId child = child_of(engine, id);
  const Command last = engine.channel.take();
  SUBCASE("without a crash") {}
  SUBCASE("after a crash") {
    engine.crash();
    engine.tell(RoomArrival{});
    engine.channel.sent.clear();
  }
  CHECK(last.action == "do-b");
  engine.tell(Engine::reply(last, Outcome::rejected("FULL")));
  CHECK(engine.status(child) == Status::compensating);
  CHECK(engine.store->summary(child)->status == Status::compensating);
  CHECK(answer(engine) == "repay");
  CHECK(answer(engine) == "unbook");
  CHECK(engine.status(child) == Status::compensated);
  CHECK(answer(engine) == "undo-a");
  CHECK(engine.status(id) == Status::compensated);
}

TEST_CASE("a child that fails is undone first, and then its parent") {
  Engine engine{trip};
  define(engine, hotel);
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  CHECK(answer(engine) == "book");
  CHECK(answer(engine, Outcome::rejected("NO_MONEY")) == "pay");
  CHECK(answer(engine) == "unbook");
  CHECK(engine.saga(id).turn_back->error.code == "CHILD_COMPENSATED");
  CHECK(answer(engine) == "undo-a");
  CHECK(engine.status(id) == Status::compensated);
}

TEST_CASE("cancelling a parent turns its running child back at once") {
  Engine engine{trip};
  define(engine, hotel);
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  CHECK(answer(engine) == "book");
  CHECK(engine.request(id, CancelRequested{}).empty());
  CHECK(engine.status(child_of(engine, id)) == Status::compensating);
  CHECK(answer(engine) == "pay");
  CHECK(answer(engine) == "repay");
  CHECK(answer(engine) == "unbook");
  CHECK(answer(engine) == "undo-a");
  CHECK(engine.status(id) == Status::compensated);
}

TEST_CASE("a child without a definition makes the parent stuck, and resume mends it") {
  Engine engine{trip};
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  REQUIRE(engine.status(id) == Status::stuck);
  CHECK(engine.saga(id).stuck->error.code == "CHILD_UNKNOWN");
  define(engine, hotel);
  CHECK(engine.request(id, ResumeRequested{}).empty());
  CHECK(answer(engine) == "book");
}

TEST_CASE("a child that cannot be undone may not be a compensatable step") {
  Engine engine{trip};
  define(engine, R"({"saga": "hotel", "version": 1, "steps": [
    {"name": "room", "participant": "h", "action": "book", "kind": "pivot"} ] })");
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  CHECK(engine.saga(id).stuck->error.code == "CHILD_NOT_UNDOABLE");
}

TEST_CASE("an answer to a step that asked nobody is quarantined as forged") {
  Engine engine{trip};
  define(engine, hotel);
  const SagaId id = engine.start({}, {{"city", "Oslo"}});
  CHECK(answer(engine) == "do-a");
  Command forged = engine.channel.take();
  forged.id.saga = id;
  forged.attempt = {1, Direction::action, 1};
  engine.tell(Engine::reply(forged, Outcome::success()));
  REQUIRE(engine.store->quarantine(0, 10).size() == 1);
  CHECK(engine.store->quarantine(0, 10).front().reason == "FORGED_ATTEMPT");
  CHECK(engine.saga(id).steps[1].status == StepStatus::waiting);
}

TEST_CASE("numbers that are equal are the same lock, however they are written") {
  Engine engine{locking};
  const SagaId first = engine.start("1", {{"order", 7}});
  const SagaId second = engine.start("2", {{"order", 7.0}});
  const SagaId other = engine.start("3", {{"order", 7.5}});
  CHECK(engine.saga(first).holds_locks);
  CHECK_FALSE(engine.saga(second).holds_locks);
  CHECK(engine.saga(other).holds_locks);
  const SagaId large = engine.start("4", {{"order", 1'000'000'000'000'000'000}});
  const SagaId same = engine.start("5", {{"order", 1e18}});
  CHECK(engine.saga(large).holds_locks);
  CHECK_FALSE(engine.saga(same).holds_locks);
}

TEST_CASE("sagas that want the same lock run one after the other, in order of their start") {
  Engine engine{locking};
  const SagaId first = engine.start("1", {{"order", 7}});
  engine.now += 1ms;
  const SagaId second = engine.start("2", {{"order", 7}});
  engine.now += 1ms;
  const SagaId third = engine.start("3", {{"order", 7}});
  const SagaId other = engine.start("4", {{"order", 8}});
  CHECK(engine.channel.sent.size() == 2);
  CHECK(engine.saga(second).lock_wait->behind == first);
  CHECK(engine.saga(third).lock_wait->behind == second);
  SUBCASE("without a crash") {}
  SUBCASE("after a crash the line is the same") {
    engine.channel.sent.clear();
    engine.crash();
    engine.tell(RoomArrival{});
    CHECK(engine.channel.sent.size() == 2);
  }
  CHECK(answer(engine) == "do-a");
  CHECK(engine.status(first) == Status::completed);
  engine.tell();
  CHECK(engine.saga(second).holds_locks);
  CHECK_FALSE(engine.saga(third).holds_locks);
  CHECK(answer(engine) == "do-a");
  CHECK(engine.status(other) == Status::completed);
  CHECK(answer(engine) == "do-a");
  engine.tell();
  CHECK(engine.status(second) == Status::completed);
  CHECK(answer(engine) == "do-a");
  CHECK(engine.status(third) == Status::completed);
}

TEST_CASE("a start whose lock or list leads nowhere is refused and stores nothing") {
  Engine engine{locking};
  CHECK_THROWS_WITH_AS((void)engine.start({}, {{"ordr", 7}}),
                       "the lock order/{/input/order} needs a text or a number at /input/order",
                       Refused);
  Engine each{R"({"saga": "each", "version": 1, "steps": [{"name": "e", "for_each": {
    "in": "/input/items",
    "step": {"participant": "p", "action": "x", "compensation": "none"}}}]})"};
  CHECK_THROWS_WITH_AS((void)each.start({}, {{"items", 3}}),
                       "the input has no list at /input/items, which step e runs over", Refused);
  CHECK(each.store->list({}, {}, 10).empty());
}

TEST_CASE("a sleeping saga leaves the cache, survives a crash and wakes on time") {
  Engine engine{R"({"saga": "nap", "version": 1, "steps": [{"name": "n", "sleep": "10m"},
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "none"}]})"};
  const SagaId id = engine.start();
  engine.now += 5min;
  engine.crash();
  engine.tell(RoomArrival{});
  CHECK(engine.next_due() == engine.saga(id).steps[0].wake_at);
  engine.now += 4min;
  engine.tell();
  CHECK(engine.channel.sent.empty());
  engine.now += 1min;
  engine.tell();
  CHECK(answer(engine) == "do-a");
  CHECK(engine.status(id) == Status::completed);
}

TEST_CASE("a signal that came before a crash is kept") {
  Engine engine{R"({"saga": "approve", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "do-a", "compensation": "none"},
    {"name": "ok", "wait_for": {"signal": "go"}}]})"};
  const SagaId id = engine.start();
  CHECK(engine.request(id, SignalReceived{"go", JsonText::parse("5"), {}}).empty());
  const Command command = engine.channel.take();
  engine.crash();
  engine.tell(RoomArrival{});
  engine.tell(Engine::reply(command, Outcome::success()));
  CHECK(engine.status(id) == Status::completed);
  CHECK(engine.saga(id).steps[1].output == JsonText::parse("5"));
}
