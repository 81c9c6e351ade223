#include "skald/participant.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "barrier_bench.hpp"

namespace skald::test {
namespace {

struct Payment {
  Payment() {
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(charged));
    participant.handle("refund", [](const HandlerCall& call, sqlite3* tx) {
      static_cast<void>(BarrierBench::effect(charged)(call, tx));
      return Outcome::success({{"undone", call.output()}});
    });
  }
  Outcome answer(const Command& command) { return participant.answer(HandlerCall(command, {})); }
  std::int64_t effects() {
    return query_integer(participant.database(), "SELECT sum(n) FROM effects").value_or(0);
  }
  static Command charge(std::uint64_t number = 1, std::uint32_t attempt = 1) {
    return make_command(number, "payment", "charge", attempt);
  }
  static Command refund(std::uint64_t number = 1) {
    return make_command(number, "payment", "refund", 1, Direction::compensate);
  }
  Participant participant{"payment", ":memory:"};
};

TEST_CASE_FIXTURE(Payment, "a participant's handlers are behind its barrier") {
  CHECK(answer(charge()) == charged);
  CHECK(answer(charge(1, 2)) == charged);
  CHECK(effects() == 1);
  CHECK(answer(refund()).output.value() == Json{{"undone", {{"charge", 7}}}});
  CHECK(effects() == 2);
}

TEST_CASE_FIXTURE(Payment, "an unknown action is a failure of this attempt, not of the next") {
  const Command unknown = make_command(1, "payment", "juggle");
  CHECK(answer(unknown).error.code == "UNKNOWN_ACTION");
  participant.handle("juggle", BarrierBench::effect(charged));
  CHECK(answer(unknown).error.code == "UNKNOWN_ACTION");
  CHECK(effects() == 0);
  CHECK(answer(make_command(1, "payment", "juggle", 2)) == charged);
}

TEST_CASE_FIXTURE(Payment, "a resolve needs no handler") {
  static_cast<void>(answer(charge()));
  CHECK(answer(make_command(1, "payment", "ask", 1, Direction::resolve)) == charged);
  CHECK(answer(make_command(2, "payment", "ask", 1, Direction::resolve)).error.code == "NO_EFFECT");
}

TEST_CASE_FIXTURE(Payment, "several commands share a transaction, and one that throws is alone") {
  participant.handle("break", [](const HandlerCall& call, sqlite3* tx) -> Outcome {
    static_cast<void>(BarrierBench::effect(charged)(call, tx));
    throw std::runtime_error("ouch");
  });
  const Command broken = make_command(2, "payment", "break");
  const std::vector<Command> commands{charge(1), broken, charge(3), charge(1, 2)};
  const HandlerCall first(commands[0], {});
  const HandlerCall second(commands[1], {});
  const HandlerCall third(commands[2], {});
  const HandlerCall fourth(commands[3], {});
  const auto outcomes = participant.answer_all({&first, &second, &third, &fourth});
  REQUIRE(outcomes.size() == 4);
  CHECK(outcomes[0] == charged);
  CHECK(outcomes[1].kind == OutcomeKind::unknown);
  CHECK(outcomes[1].error.code == "HANDLER_THREW");
  CHECK(outcomes[2] == charged);
  CHECK(outcomes[3] == charged);
  CHECK(effects() == 2);
}

TEST_CASE_FIXTURE(Payment, "when the shared transaction is lost, every command in it is in doubt") {
  participant.handle("careless", [](const HandlerCall&, sqlite3* tx) {
    run_script(tx, "ROLLBACK");
    return charged;
  });
  const Command good = charge(1);
  const Command careless = make_command(2, "payment", "careless");
  const HandlerCall first(good, {});
  const HandlerCall second(careless, {});
  for (const Outcome& outcome : participant.answer_all({&first, &second})) {
    CHECK(outcome.error.code == "DATABASE_FAILED");
    CHECK(outcome.kind == OutcomeKind::unknown);
  }
  CHECK(effects() == 0);
  CHECK(answer(good) == charged);
}

TEST_CASE_FIXTURE(Payment, "hooks see every command first and last") {
  participant.before_each([](const HandlerCall& call) -> std::optional<Outcome> {
    if (call.attempt() == 1) return Outcome::failed("NOT_YET");
    return std::nullopt;
  });
  participant.after_each([](const HandlerCall& call, Outcome outcome) {
    return call.attempt() == 2 ? Outcome::unknown("ANSWER_LOST") : outcome;
  });
  CHECK(answer(charge(1, 1)).error.code == "NOT_YET");
  CHECK(effects() == 0);
  CHECK(answer(charge(1, 2)).error.code == "ANSWER_LOST");
  CHECK(effects() == 1);
  CHECK(answer(charge(1, 3)) == charged);
  CHECK(effects() == 1);
}

TEST_CASE_FIXTURE(Payment, "outside work runs without a transaction, and is recorded in one") {
  int calls = 0;
  Outcome gateway = charged;
  participant.handle_outside(
      "charge", {.lease = Duration{60'000},
                 .work =
                     [&](const HandlerCall& call) {
                       ++calls;
                       // Free for others while the gateway is busy:
                       CHECK(answer(charge(99)).kind == OutcomeKind::success);
                       CHECK(answer(call.command()).kind == OutcomeKind::pending);
                       return gateway;
                     },
                 .record = [](const HandlerCall& call, const Outcome& worked,
                              sqlite3* tx) { return BarrierBench::effect(worked)(call, tx); }});
  participant.before_each([](const HandlerCall& call) -> std::optional<Outcome> {
    if (call.input()["number"] == 99) return Outcome::success();
    return std::nullopt;
  });
  SUBCASE("success") {
    CHECK(answer(charge()) == charged);
    CHECK(answer(charge(1, 2)) == charged);
    CHECK(calls == 1);
    CHECK(effects() == 1);
  }
  SUBCASE("a gateway that does not say leaves it in doubt, and the refund runs") {
    gateway = Outcome::unknown("GATEWAY_TIMEOUT");
    CHECK(answer(charge()) == gateway);
    CHECK(effects() == 0);
    CHECK(answer(refund()).output.value() == Json{{"undone", nullptr}});
    CHECK(answer(charge(1, 2)).error.code == "COMPENSATED");
  }
}

TEST_CASE("a participant database whose path holds a zero byte is refused, not cut off there") {
  CHECK_THROWS_WITH_AS(ParticipantDatabase(std::string("payment\0.db", 11)),
                       doctest::Contains("'payment\\x00.db' holds a zero byte"), ParticipantError);
}

TEST_CASE("a participant can serve inside the engine's process") {
  const TemporaryFolder folder;
  Participant payment("payment", folder.file("payment.db"));
  run_script(payment.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
  payment.handle("charge", BarrierBench::effect(charged));
  RecordingListener listener;
  InProcessChannel channel({.threads = 3});
  serve_in_process(payment, channel);
  channel.open("test", listener);
  std::vector<Command> commands;
  for (std::uint64_t n = 1; n <= 30; ++n) {
    commands.push_back(Payment::charge(n, 1));
    commands.push_back(Payment::charge(n, 2));
  }
  commands.push_back(make_command(1, "payment", "juggle"));
  commands.push_back(make_command(31, "payment", "ask", 1, Direction::resolve));
  channel.send(commands);
  REQUIRE(listener.wait_for(RecordingListener::Kind::replied, commands.size()));
  channel.close();
  CHECK(listener.reply_to(commands.back()).error.code == "NO_EFFECT");
  CHECK(query_integer(payment.database(), "SELECT sum(n) FROM effects") == 30);
}

}  // namespace
}  // namespace skald::test
