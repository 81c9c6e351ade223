// An instruction does what its answer says, or the answer says what it does not do.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <type_traits>

#include "policy_world.hpp"
#include "skald/in_process_channel.hpp"
#include "skald/memory_store.hpp"
#include "skald/orchestrator.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using skald::testing::patient_retry;
using skald::testing::PolicyWorld;
using skald::testing::two_steps;
using namespace std::chrono_literals;

namespace {

// The note that the answer to this request has.
std::string note_on(Engine& engine, const SagaId& id, Input input) {
  std::optional<std::variant<RequestOutcome, Refusal>> answered;
  engine.tell(RequestArrival{
      id, {}, std::move(input), [&answered](std::variant<RequestOutcome, Refusal> answer) {
        answered = std::move(answer);
      }});
  REQUIRE(answered);
  REQUIRE(std::holds_alternative<RequestOutcome>(*answered));
  return std::get<RequestOutcome>(*answered).note;
}

std::string set_breaker(Engine& engine, const std::string& participant, BreakerPhase phase,
                        std::optional<Duration> lasting) {
  std::optional<std::variant<bool, Refusal>> answered;
  SetBreakerArrival arrival;
  arrival.participant = participant;
  arrival.order.phase = phase;
  arrival.order.by = "ann";
  arrival.order.reason = "it answers again";
  arrival.lasting = lasting;
  arrival.answer = [&answered](std::variant<bool, Refusal> answer) { answered = answer; };
  engine.tell(std::move(arrival));
  REQUIRE(answered);
  const auto* refusal = std::get_if<Refusal>(&*answered);
  return refusal ? refusal->message : std::string();
}

const std::string breaker =
    two_steps(R"({"breaker": {"failures": 1, "delay": "1h"}})", patient_retry);

}  // namespace

TEST_CASE("a paused saga is not sent again after a restart, but once it is resumed") {
  Engine engine{order_definition};
  SUBCASE("over a broker") {}
  SUBCASE("in this process") { engine.channel.here = true; }
  const Started started = engine.start();
  REQUIRE(engine.request(started.id, PauseRequested{}).empty());
  engine.crash();
  CHECK(engine.channel.sent.empty());
  engine.tell(RoomArrival{});
  CHECK(engine.channel.sent.empty());
  REQUIRE(engine.request(started.id, ResumeRequested{}).empty());
  engine.tell();
  REQUIRE(engine.channel.sent.size() == 1);
  CHECK(engine.channel.sent.front().sent_before);
}

TEST_CASE("the input of an attempt that is under way cannot be patched: it may be sent again") {
  Engine engine{order_definition};
  const Started started = engine.start();
  REQUIRE(engine.request(started.id, PauseRequested{}).empty());
  ResumeRequested resume;
  resume.input_patch = JsonText::parse(R"({"n": 2})");
  CHECK(engine.request(started.id, resume, "reserve")
            .find("an attempt of step reserve is under way") != std::string::npos);
}

TEST_CASE("only who lifts a pause is told that the pause is lifted") {
  Engine engine{R"({"saga": "order", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none",
     "on_failure": "stuck", "input": {"x": {"$from": "/input/x"}}}]})"};
  const Started started = engine.start({}, {{"x", 1}});
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  REQUIRE(engine.status(started.id) == Status::stuck);
  CHECK(note_on(engine, started.id, ResumeRequested{}).empty());
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("NO")));
  CHECK(note_on(engine, started.id, PauseRequested{}).empty());
  CHECK(note_on(engine, started.id, ResumeRequested{}) ==
        "the pause is lifted; the saga is still stuck, resume it again for that");
}

TEST_CASE("a retry that a policy holds says so, and a breaker that is closed lets it go") {
  PolicyWorld world(breaker);
  const SagaId id = world.start(1).front();
  world.answer(world.take("inventory").front(), Outcome::failed("DOWN"));
  world.engine.now += 2s;
  const std::string note = note_on(world.engine, id, RetryRequested{});
  CHECK(note.find("step reserve still waits: the breaker of inventory holds it until ") == 0);
  CHECK(world.take("inventory").empty());
  CHECK(set_breaker(world.engine, "inventory", BreakerPhase::closed, 10min).empty());
  CHECK(world.take("inventory").size() == 1);
}

TEST_CASE("a breaker that is set stays so for its time, across restarts, and is told of") {
  PolicyWorld world(breaker);
  CHECK(set_breaker(world.engine, "inventory", BreakerPhase::closed, 10min).empty());
  (void)world.start(1);
  world.answer(world.take("inventory").front(), Outcome::failed("DOWN"));
  world.engine.now += 1s;
  world.engine.tell();
  CHECK(world.take("inventory").size() == 1);  // One failure would have opened it.
  CHECK(std::any_of(world.engine.log.begin(), world.engine.log.end(), [](const std::string& line) {
    return line.find("the breaker is set to closed by ann until") != std::string::npos &&
           line.find("it answers again") != std::string::npos;
  }));
  CHECK(set_breaker(world.engine, "inventory", BreakerPhase::open, 30min).empty());
  world.engine.crash();
  CHECK(world.take("inventory").size() == 1);  // Sent again: it had gone out before.
  (void)world.start(1);
  CHECK(world.take("inventory").empty());
  world.engine.now += 31min;
  world.engine.tell();
  CHECK(world.take("inventory").size() == 1);  // A probe.
}

TEST_CASE("a breaker that is not there cannot be set") {
  PolicyWorld world(breaker);
  CHECK(set_breaker(world.engine, "payment", BreakerPhase::open, 1min).find("has no breaker") !=
        std::string::npos);
  CHECK(set_breaker(world.engine, "nobody", BreakerPhase::open, 1min)
            .find("no definition or option names a participant nobody") != std::string::npos);
  world.engine.crash(Mode::momentary);
  CHECK(set_breaker(world.engine, "inventory", BreakerPhase::open, 1min).find("no engine runs") !=
        std::string::npos);
}

TEST_CASE("a definition whose undo nobody offers is refused when it is defined") {
  MemoryStore store;
  InProcessChannel channel;
  const auto succeed = [](const HandlerCall&) { return Outcome::success({}); };
  channel.handle("inventory", "reserve", succeed);
  channel.handle_others("payment", succeed);
  Orchestrator orders{store, channel};
  CHECK_THROWS_WITH_AS(orders.define(parse_definition(order_definition)),
                       "step reserve: participant inventory has no handler for release; register "
                       "one before the engine starts",
                       Refused);
}

TEST_CASE("a saga cannot be started with a text that would become a JSON string") {
  static_assert(!std::is_invocable_v<decltype([](Orchestrator& o,
                                                 auto input) -> decltype(o.start("t", input)) {
                                       return o.start("t", input);
                                     }),
                                     Orchestrator&, std::string>);
  static_assert(std::is_invocable_v<decltype([](Orchestrator& o,
                                                auto input) -> decltype(o.start("t", input)) {
                                      return o.start("t", input);
                                    }),
                                    Orchestrator&, Json>);
}

TEST_CASE("two orchestrators do not work on one store object") {
  MemoryStore store;
  InProcessChannel channel;
  InProcessChannel another;
  {
    Orchestrator first{store, channel};
    CHECK_THROWS_WITH_AS((Orchestrator{store, another}),
                         "another Orchestrator of this process works on this store object: stop it "
                         "first, or give this one a store of its own",
                         StoreError);
    first.stop();
    Orchestrator second{store, another};
  }
  Orchestrator third{store, channel};
}

TEST_CASE("a wait without patience still tells what is the case already") {
  MemoryStore store;
  InProcessChannel channel;
  channel.handle_others("p", [](const HandlerCall&) { return Outcome::rejected("NO"); });
  Orchestrator orders{store, channel};
  orders.define(parse_definition(R"({"saga": "order", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none",
     "on_failure": "stuck"}]})"));
  const Started started = orders.start("order", Json::object());
  REQUIRE(orders.wait(started, 20s));
  for (int i = 0; i < 200; ++i) CHECK(orders.wait(started, 0ms));
}

TEST_CASE("many requests to wait leave the others their place") {
  MemoryStore store;
  InProcessChannel channel;
  Orchestrator orders{store, channel};
  orders.define(parse_definition(R"({"saga": "nap", "version": 1, "steps": [
    {"name": "a", "wait_for": {"signal": "go"}}]})"));
  const Started started = orders.start("nap", Json::object());
  const Json wait{{"verb", "wait"}, {"id", started.id.to_string()}, {"timeout_ms", 9'000}};
  constexpr int waiting_max = 32;
  constexpr int too_many = 8;
  std::atomic<int> sent_away{0};
  std::atomic<int> told{0};
  {
    std::vector<std::jthread> waiting;
    for (int i = 0; i < waiting_max + too_many; ++i) {
      waiting.emplace_back([&] {
        const Json answer = orders.handle(wait);
        const bool done = answer.at("done").get<bool>();
        if (!done) CHECK(answer.at("status") == "running");
        ++(done ? told : sent_away);
      });
    }
    while (sent_away < too_many) std::this_thread::yield();
    orders.signal(started, "go");
  }
  CHECK(sent_away == too_many);
  CHECK(told == waiting_max);
}

TEST_CASE("a call that was pending is completed by whoever knows its outcome") {
  MemoryStore store;
  InProcessChannel channel;
  std::promise<CommandId> asked;
  channel.handle("p", "a", [&asked](const HandlerCall& call) {
    asked.set_value(call.command().id);
    return Outcome::pending(1min);
  });
  CHECK_FALSE(channel.complete(CommandId{}, Outcome::success()));
  Orchestrator orders{store, channel};
  orders.define(parse_definition(R"({"saga": "order", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none"}]})"));
  const Started started = orders.start("order", Json::object());
  const CommandId id = asked.get_future().get();
  CHECK_THROWS_AS((void)channel.complete(id, Outcome::pending(1min)), ChannelError);
  CHECK(channel.complete(id, Outcome::success({{"n", 3}})));
  const auto result = orders.wait(started, 20s);
  REQUIRE(result);
  CHECK(result->status == Status::completed);
}
