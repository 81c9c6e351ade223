// What a crash leaves behind, and what the next engine makes of it.
#include <doctest/doctest.h>

#include <algorithm>

#include "scripted_channel.hpp"
#include "skald/work.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

TEST_CASE("a command that was not confirmed is sent again, as the same attempt") {
  Engine engine{order_definition};
  const Started started = engine.start("k", {{"n", 1}});
  const Command first = engine.channel.take();
  engine.crash();
  const Command again = engine.channel.take();
  CHECK(again.id == first.id);
  CHECK(again.sent_before);
  CHECK_FALSE(first.sent_before);
  CHECK(again.body == first.body);
  CHECK(again.round == first.round);
  CHECK(again.position == first.position);
  engine.tell(Engine::reply(again, Outcome::success()));
  CHECK(engine.channel.take().id.step == "charge");
  CHECK(engine.saga(started.id).steps[0].of(Direction::action).made == 1);
}

TEST_CASE("a compensation under way is sent again, and nothing that was done") {
  Engine engine{order_definition};
  const Started started = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success({{"id", 3}})));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("DECLINED")));
  const Command release = engine.channel.take();
  engine.crash();
  CHECK(engine.channel.take().id == release.id);
  CHECK(engine.channel.sent.empty());
  engine.tell(Engine::reply(release, Outcome::success()));
  CHECK(engine.status(started.id) == Status::compensated);
}

TEST_CASE("a retry that was waiting is due at its time, and an overdue one at once") {
  Engine engine{order_definition};
  (void)engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("BUSY")));
  const Time due = engine.now + 1s;
  engine.crash();
  CHECK(engine.channel.sent.empty());
  CHECK(engine.next_due() == due);
  SUBCASE("in time") { engine.now = due; }
  SUBCASE("late") {
    engine.now = due + 1h;
    engine.crash();
  }
  engine.tell();
  CHECK(engine.channel.take().id.attempt == 2);
}

TEST_CASE("an attempt that was confirmed is not sent again but gets a full timeout") {
  Engine engine{order_definition};
  // The watermark is written in strides; sagas that end move it on.
  const Started waiting = engine.start();
  const Command command = engine.channel.take();
  engine.tell(SentArrival{waiting.id, command.attempt},
              ConfirmedArrival{command.position, waiting.id, command.attempt});
  for (int i = 0; i < 400; ++i) {
    (void)engine.start();
    for (int step = 0; step < 3; ++step) {
      const Command c = engine.channel.take();
      engine.tell(ConfirmedArrival{c.position, c.id.saga, c.attempt},
                  Engine::reply(c, Outcome::success()));
    }
  }
  REQUIRE(engine.store->watermark("scripted") >= command.position);
  engine.now += 4s;
  engine.crash();
  CHECK(engine.channel.sent.empty());
  CHECK(engine.next_due() == engine.now + 5s);
}

TEST_CASE("a saga that was stored without an engine waits for one") {
  Engine engine{order_definition};
  engine.crash(Mode::momentary);
  const Started started = engine.start("k");
  CHECK(engine.channel.sent.empty());
  CHECK(engine.status(started.id) == Status::pending);
  engine.crash(Mode::engine);
  CHECK(engine.channel.take().id.step == "reserve");
  CHECK(engine.status(started.id) == Status::running);
}

TEST_CASE("a stuck saga that is resumed without an engine goes on with the next one") {
  Engine engine{order_definition};
  const Started started = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("DECLINED")));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("CLOSED")));
  CHECK(engine.status(started.id) == Status::stuck);
  engine.crash(Mode::momentary);
  CHECK(engine.request(started.id, ResumeRequested{{"ann", "fixed"}, no_step, {}}).empty());
  CHECK(engine.status(started.id) == Status::compensating);
  CHECK(engine.channel.sent.empty());
  engine.crash(Mode::engine);
  const Command release = engine.channel.take();
  CHECK(release.id.to_string() == started.id.to_string() + "/reserve/compensate/2");
  CHECK(release.round == 2);
}

TEST_CASE("commands with long bodies are sent again in several turns, their input parsed once") {
  constexpr std::size_t elements = 40;
  constexpr std::size_t input_bytes = 300'000;
  // A body is rendered, put into the command, and scanned; a turn of 1 MiB may end with one more.
  constexpr std::uint64_t body_work = 3 * (input_bytes + 1'000);
  constexpr std::uint64_t turn_bytes_max = 1024UL * 1024 + body_work;
  Engine engine{R"({"saga": "parcel", "version": 1, "steps": [
    {"name": "ship", "for_each": {"in": "/input/items", "concurrency": 100, "step":
      {"participant": "p", "action": "a", "compensation": "none",
       "input": {"$from": "/input"}}}} ]})"};
  Json input{{"items", Json::array()}, {"note", std::string(input_bytes, 'y')}};
  for (std::size_t i = 0; i < elements; ++i) input["items"].push_back(i);
  (void)engine.start({}, input);
  for (int turns = 0; engine.channel.sent.size() < elements && turns < 100; ++turns) engine.tell();
  REQUIRE(engine.channel.sent.size() == elements);
  const std::uint64_t parsed_before = work().parsed_bytes;
  engine.crash();  // Takes the first turn.
  std::size_t before = engine.channel.sent.size();
  CHECK(before < elements);
  for (int turns = 0; engine.channel.sent.size() < elements && turns < 100; ++turns) {
    REQUIRE(engine.next_due().value_or(Time::max()) <= engine.now);
    const std::uint64_t begun = work().bytes();
    engine.tell();
    CHECK(work().bytes() - begun < turn_bytes_max);
    CHECK(engine.channel.sent.size() > before);
    before = engine.channel.sent.size();
  }
  CHECK(engine.channel.sent.size() == elements);
  // Each body is scanned, and the input is read when the saga is loaded and made a tree of once.
  CHECK(work().parsed_bytes - parsed_before < (elements + 3) * (input_bytes + 1'000));
}

TEST_CASE("what nobody has to do anything about does not stay in memory") {
  Engine engine{order_definition};
  const Started started = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::success()));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("DECLINED")));
  engine.tell(Engine::reply(engine.channel.take(), Outcome::rejected("CLOSED")));
  CHECK(engine.status(started.id) == Status::stuck);
  // A reply for it still finds it: one that contradicts the refusal.
  const Reply late{started.id, {0, Direction::compensate, 1}, {}, Outcome::success(), 4};
  engine.tell(ReplyArrival{late});
  CHECK(engine.saga(started.id).contradicted);
  CHECK(engine.saga(started.id).steps[0].compensation == CompensationStatus::stuck);
  CHECK(engine.channel.receipted == std::vector<std::uint64_t>{4});
}

TEST_CASE("what is overdue waits until the replies that had queued up are taken in") {
  Engine engine{order_definition};
  const Started started = engine.start();
  const Command reserve = engine.channel.take();
  engine.tell(Engine::reply(reserve, Outcome::failed("BUSY")));
  engine.now += 1h;
  engine.channel.behind = true;
  engine.crash();
  engine.tell();
  CHECK(engine.channel.sent.empty());
  SUBCASE("a late success makes the overdue retry needless") {
    engine.tell(Engine::reply(reserve, Outcome::success()));
    engine.channel.behind = false;
    engine.tell(RoomArrival{});
    CHECK(engine.channel.take().id.step == "charge");
  }
  SUBCASE("but not for ever") {
    engine.now += 10s;
    engine.tell();
    CHECK(engine.channel.take().id.attempt == 2);
  }
  CHECK(engine.status(started.id) == Status::running);
}

TEST_CASE("a saga held after a long absence gets its place in a line when the holding is over") {
  Engine engine{R"({"saga": "two", "version": 1,
    "participants": {"narrow": {"bulkhead": {"max_in_flight": 1, "max_waiting": 9}}},
    "steps": [{"name": "look", "participant": "wide", "action": "look", "compensation": "none",
               "hedge": {"delay": "1s", "max_attempts": 2}},
              {"name": "take", "participant": "narrow", "action": "take", "compensation": "none",
               "after": []}]})"};
  const Started first = engine.start();
  const Started second = engine.start();
  const auto looks = engine.channel.sent;
  engine.now += 25h;
  engine.crash();
  engine.channel.sent.clear();
  engine.tell(RoomArrival{});
  // The answers take away what the second saga is held for; its turn in the line comes still.
  for (const Command& command : looks) engine.tell(Engine::reply(command, Outcome::success()));
  CHECK(engine.status(first.id) == Status::completed);
  engine.now += 10min;
  engine.tell(RoomArrival{});
  const auto& sent = engine.channel.sent;
  const bool taken = std::any_of(sent.begin(), sent.end(), [&second](const Command& command) {
    return command.id.saga == second.id && command.id.step == "take";
  });
  CHECK(taken);
}

TEST_CASE("what fell due during a long absence is held for a while, and all else goes on") {
  Engine engine{order_definition};
  const Started waiting = engine.start();
  engine.tell(Engine::reply(engine.channel.take(), Outcome::failed("BUSY")));
  const auto tell_room = [&engine] { engine.tell(RoomArrival{}); };
  SUBCASE("a day without a record may be the clock's mistake") {
    engine.now += 25h;
    engine.crash();
    tell_room();
    CHECK(engine.channel.sent.empty());
    REQUIRE_FALSE(engine.log.empty());
    CHECK(engine.log.back().find("is held until 2026-01-02T01:10:0") != std::string::npos);
    (void)engine.start();
    CHECK(engine.channel.take().id.attempt == 1);
    engine.now += 9min;
    tell_room();
    CHECK(engine.channel.sent.empty());
    engine.now += 1min;
    tell_room();
    CHECK(engine.channel.take().id.saga == waiting.id);
  }
  SUBCASE("less is a night") {
    engine.now += 23h;
    engine.crash();
    tell_room();
    CHECK(engine.channel.take().id.saga == waiting.id);
  }
  SUBCASE("an engine that opens soon again, with the clock set right, knows nothing of it") {
    engine.now += 25h;
    engine.crash();
    engine.now -= 24h;
    engine.crash();
    tell_room();
    CHECK(engine.channel.take().id.saga == waiting.id);
  }
}
