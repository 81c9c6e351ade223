// Starts that would rather wait for room than be refused.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scripted_channel.hpp"

using namespace skald;
using skald::testing::Engine;
using skald::testing::order_definition;
using namespace std::chrono_literals;

namespace {

/// What became of a start: `started`, or what the refusal says; nothing yet.
struct Fate {
  std::optional<std::string> said;
  SagaId id;
};

StartArrival patient_start(Engine& engine, Fate& outcome, Duration patience) {
  StartArrival start = engine.start_arrival(std::nullopt, Json::object(), &outcome.id);
  start.wait_for_room = patience;
  start.answer = [&outcome](const std::variant<Started, Refusal>& answer) {
    const auto* refusal = std::get_if<Refusal>(&answer);
    outcome.said = refusal ? refusal->message : "started";
  };
  return start;
}

/// An engine in which one saga waits for the channel, and no more may.
void fill(Engine& engine) {
  engine.channel.room = false;
  engine.waiting_sagas_limit = 1;
  engine.crash();
  (void)engine.start();
}

bool refused(const Fate& outcome) {
  return outcome.said && outcome.said->find("waiting_sagas_limit") != std::string::npos;
}

}  // namespace

TEST_CASE("a start that waits for room is answered once there is some") {
  Engine engine{order_definition};
  fill(engine);
  Fate outcome;
  engine.tell(patient_start(engine, outcome, 10s));
  CHECK_FALSE(outcome.said);
  CHECK(engine.next_due() == engine.now + 10s);
  engine.now += 5s;
  engine.tell(RoomArrival{});
  CHECK_FALSE(outcome.said);
  engine.channel.room = true;
  engine.tell(RoomArrival{});
  // The one that waited has gone; the next batch is due at once, though nothing arrives.
  if (!outcome.said) {
    CHECK(engine.next_due() <= engine.now);
    engine.tell();
  }
  CHECK(outcome.said == "started");
  CHECK(engine.channel.sent.size() == 2);
}

TEST_CASE("a start that waited for room in vain is refused when its time is over") {
  Engine engine{order_definition};
  fill(engine);
  Fate outcome;
  engine.tell(patient_start(engine, outcome, 10s));
  engine.now += 10s - 1ms;
  engine.tell();
  CHECK_FALSE(outcome.said);
  engine.now += 1ms;
  CHECK(engine.next_due() == engine.now);
  engine.tell();
  CHECK(refused(outcome));
  CHECK(engine.next_due() != engine.now);
}

TEST_CASE("without patience a start is refused at once, and so is one with none left") {
  Engine engine{order_definition};
  fill(engine);
  Fate hurried;
  engine.tell(patient_start(engine, hurried, 0ms));
  CHECK(refused(hurried));
  Fate plain;
  StartArrival start = patient_start(engine, plain, 1s);
  start.wait_for_room.reset();
  engine.tell(std::move(start));
  CHECK(refused(plain));
}

TEST_CASE("those who wait for room start in the order of their coming, before newcomers") {
  Engine engine{order_definition};
  fill(engine);
  Fate first;
  Fate second;
  engine.tell(patient_start(engine, first, 10s), patient_start(engine, second, 10s));
  engine.channel.room = true;
  engine.tell(RoomArrival{});
  engine.channel.room = false;  // Whoever starts now waits in the line, which takes one.
  Fate newcomer;
  engine.tell(patient_start(engine, newcomer, 10s));
  CHECK(first.said == "started");
  CHECK_FALSE(second.said);
  CHECK_FALSE(newcomer.said);
}
