// Commands whose handler said `pending`, and what they come to later.
#include <doctest/doctest.h>

#include <stdexcept>

#include "barrier_bench.hpp"
#include "skald/participant.hpp"

namespace skald::test {
namespace {

using Reason = CompletionRefused::Reason;
const Outcome accepted = Outcome::pending(Duration{60'000}, 0.25);

struct Pending {
  explicit Pending(const std::string& path = ":memory:") : bench(path) {}
  Outcome run(const Command& command, const Outcome& outcome, const std::string& reply_to = "r") {
    return bench.barrier.run(HandlerCall(command, {}, {}, reply_to), BarrierBench::effect(outcome));
  }
  Completion complete(const Command& command, const Outcome& outcome) {
    return bench.barrier.complete(command.id, outcome);
  }
  std::optional<Reason> refusal(const CommandId& call, const Outcome& outcome) {
    try {
      static_cast<void>(bench.barrier.complete(call, outcome));
    } catch (const CompletionRefused& refused) {
      CHECK(std::string(refused.what()).find(call.to_string()) != std::string::npos);
      return refused.reason();
    }
    return std::nullopt;
  }
  std::optional<Reason> refusal(const Command& command, const Outcome& outcome) {
    return refusal(command.id, outcome);
  }

  BarrierBench bench;
  Command action = barrier_command(Direction::action);
  Command second = barrier_command(Direction::action, 1, 1, 2);
  Command undo = barrier_command(Direction::compensate);
  Command resolve = barrier_command(Direction::resolve);
};

TEST_CASE_FIXTURE(Pending, "what is pending keeps its effect, and is answered so for its lease") {
  CHECK(run(action, accepted) == accepted);
  CHECK(bench.effects(action) == 1);
  const Outcome again = run(second, Outcome::rejected("MUST_NOT_RUN"));
  CHECK(again.kind == OutcomeKind::pending);
  CHECK(again.lease > Duration{0});
  CHECK(again.lease <= Duration{60'000});
  CHECK(run(resolve, charged).kind == OutcomeKind::pending);
  CHECK(run(undo, charged).error.code == "ACTION_RUNNING");
  CHECK(bench.effects(action) == 1);
}

TEST_CASE_FIXTURE(Pending, "after its lease, what is pending may have happened") {
  CHECK(run(action, Outcome::pending(Duration{-1})).kind == OutcomeKind::pending);
  run_sql(bench.database.handle(), "UPDATE skald_barrier SET lease_until = 0");
  SUBCASE("a retry may be told that it still is, and cannot say that nothing happened") {
    CHECK(run(second, accepted) == accepted);
    run_sql(bench.database.handle(), "UPDATE skald_barrier SET lease_until = 0");
    CHECK(run(barrier_command(Direction::action, 1, 1, 3), Outcome::failed("BUSY")) ==
          Outcome::unknown("BUSY"));
  }
  SUBCASE("its compensation runs, and then success comes too late") {
    CHECK(run(undo, Outcome::success()).kind == OutcomeKind::success);
    CHECK(bench.effects(undo) == 1);
    CHECK(refusal(action, charged) == Reason::contradicts);
    CHECK_FALSE(complete(action, Outcome::rejected("DECLINED")).settled);
  }
  SUBCASE("it can still be completed") {
    CHECK(complete(action, charged).settled);
    CHECK(run(second, Outcome::rejected("MUST_NOT_RUN")) == charged);
  }
}

TEST_CASE_FIXTURE(Pending, "what a pending call came to is remembered and binds like an answer") {
  static_cast<void>(run(action, accepted));
  Outcome outcome = charged;
  SUBCASE("success") {}
  SUBCASE("rejected") { outcome = Outcome::rejected("DECLINED", "no cover"); }
  SUBCASE("failed") { outcome = Outcome::failed("BUSY", "", Duration{5'000}); }
  const Completion completion = complete(action, outcome);
  CHECK(completion.settled);
  CHECK(completion.reply.call == action.id);
  CHECK(completion.reply.reply_to == "r");
  CHECK(completion.reply.outcome == outcome);
  Outcome remembered = outcome;
  remembered.retry_after.reset();
  CHECK(run(action, Outcome::unknown("MUST_NOT_RUN")) == remembered);
  if (outcome.kind != OutcomeKind::failed) {
    CHECK(run(second, Outcome::unknown("MUST_NOT_RUN")) == remembered);
  }
  SUBCASE("the same again changes nothing") {
    CHECK_FALSE(complete(action, outcome).settled);
    CHECK(bench.barrier.late_replies(10).size() == 1);
  }
  SUBCASE("another is refused") {
    CHECK(refusal(action, Outcome::success(8)) == Reason::contradicts);
    CHECK(refusal(action, Outcome::rejected("ELSE")) == Reason::contradicts);
    CHECK(refusal(action, Outcome::unknown("ELSE")) == Reason::contradicts);
    CHECK(run(action, Outcome::unknown("MUST_NOT_RUN")) == remembered);
  }
  SUBCASE("its compensation knows it") {
    const auto refund = [&](const HandlerCall& call, sqlite3* tx) {
      CHECK(call.output() == Json{{"charge", 7}});
      return BarrierBench::effect(Outcome::success())(call, tx);
    };
    CHECK(bench.barrier.run(HandlerCall(undo, {}), refund).kind == OutcomeKind::success);
    CHECK(bench.effects(undo) == (outcome.kind == OutcomeKind::success ? 1 : 0));
  }
}

TEST_CASE_FIXTURE(Pending, "an unknown end leaves a pending call in doubt") {
  static_cast<void>(run(action, accepted));
  CHECK(complete(action, Outcome::unknown("GATEWAY_TIMEOUT")).settled);
  CHECK(refusal(action, charged) == Reason::not_pending);
  CHECK(run(second, Outcome::failed("BUSY")) == Outcome::unknown("BUSY"));
  CHECK(run(undo, Outcome::success()).kind == OutcomeKind::success);
  CHECK(bench.effects(undo) == 1);
}

TEST_CASE_FIXTURE(Pending, "a compensation that was pending bars its action when it succeeds") {
  CHECK(std::holds_alternative<Barrier::Claim>(
      bench.barrier.claim(HandlerCall(action, {}), Duration{-1})));
  CHECK(run(undo, accepted) == accepted);
  CHECK(run(action, charged).error.code == "COMPENSATED");
  CHECK(complete(undo, Outcome::success()).settled);
  CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
  CHECK(run(action, charged).error.code == "COMPENSATED");
}

TEST_CASE_FIXTURE(Pending, "outside work can be pending, too") {
  const HandlerCall call(action, {}, {}, "r");
  const auto claim = bench.barrier.claim(call, Duration{60'000});
  REQUIRE(std::holds_alternative<Barrier::Claim>(claim));
  CHECK(refusal(action, charged) == Reason::not_pending);
  CHECK(bench.barrier.finish(std::get<Barrier::Claim>(claim), call,
                             [](const HandlerCall&, sqlite3*) { return accepted; }) == accepted);
  CHECK(run(second, charged).kind == OutcomeKind::pending);
  CHECK(complete(action, Outcome::failed("BUSY")).reply.outcome == Outcome::failed("BUSY"));
}

TEST_CASE_FIXTURE(Pending, "a call can be completed only once it came here and is pending") {
  CHECK(refusal(action, charged) == Reason::unknown_call);
  static_cast<void>(run(action, accepted));
  CHECK(refusal(action, accepted) == Reason::not_final);
  CHECK(refusal(second, charged) == Reason::unknown_call);
  CHECK(refusal(resolve, charged) == Reason::unknown_call);
  CHECK(refusal(barrier_command(Direction::action, 2), charged) == Reason::unknown_call);
  CHECK(refusal(undo, charged) == Reason::unknown_call);
  const Command answered = barrier_command(Direction::action, 3);
  CHECK(run(answered, charged) == charged);
  CHECK(refusal(answered, Outcome::rejected("NO")) == Reason::contradicts);
  CHECK_FALSE(complete(answered, charged).settled);
}

TEST_CASE_FIXTURE(Pending, "the late reply is to the last attempt that was told pending") {
  static_cast<void>(run(action, accepted, "before"));
  CHECK(run(second, charged, "after").kind == OutcomeKind::pending);
  const Completion completion = complete(action, charged);
  CHECK(completion.reply.call == second.id);
  CHECK(completion.reply.reply_to == "after");
  auto replies = bench.barrier.late_replies(10);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].call == second.id);
  CHECK(replies[0].reply_to == "after");
  CHECK(replies[0].outcome == charged);
  bench.barrier.forget_late_replies({action.id});
  CHECK(bench.barrier.late_replies(10).size() == 1);
  bench.barrier.forget_late_replies({second.id});
  CHECK(bench.barrier.late_replies(10).empty());
  CHECK(run(action, Outcome::rejected("MUST_NOT_RUN")) == charged);
}

TEST_CASE_FIXTURE(Pending, "without a queue to reply to, nothing is kept to be sent") {
  static_cast<void>(run(action, accepted, ""));
  CHECK(complete(action, charged).settled);
  CHECK(bench.barrier.late_replies(10).empty());
  CHECK(query_integer(bench.database.handle(), "SELECT count(*) FROM skald_pending") == 0);
}

TEST_CASE_FIXTURE(Pending, "tables change with the completion, or nothing is kept") {
  static_cast<void>(run(action, accepted));
  const auto note = [](sqlite3* tx) {
    run_sql(tx, "INSERT INTO effects VALUES ('noted', 1) ON CONFLICT DO UPDATE SET n = n + 1");
  };
  CHECK_THROWS_WITH(static_cast<void>(bench.barrier.complete(action.id, charged,
                                                             [&](sqlite3* tx) {
                                                               note(tx);
                                                               throw std::runtime_error("ouch");
                                                             })),
                    "ouch");
  CHECK(run(second, charged).kind == OutcomeKind::pending);
  CHECK(bench.barrier.late_replies(10).empty());
  CHECK(bench.barrier.complete(action.id, charged, note).settled);
  CHECK_FALSE(bench.barrier.complete(action.id, charged, note).settled);
  CHECK(query_integer(bench.database.handle(), "SELECT n FROM effects WHERE key = 'noted'") == 1);
}

TEST_CASE("a call is completed after a restart, and by another process with the same database") {
  const TemporaryFolder folder;
  const Command action = barrier_command(Direction::action);
  {
    Pending before(folder.file("payment.db"));
    static_cast<void>(before.run(action, accepted));
  }
  Pending serving(folder.file("payment.db"));
  {
    Pending other(folder.file("payment.db"));
    CHECK(other.complete(action, charged).settled);
  }
  REQUIRE(serving.bench.barrier.late_replies(10).size() == 1);
  CHECK(serving.run(action, Outcome::rejected("MUST_NOT_RUN")) == charged);
}

TEST_CASE("what was pending and was then answered otherwise leaves no row for ever") {
  const TemporaryFolder folder;
  {
    Pending bench(folder.file("payment.db"));
    static_cast<void>(bench.run(bench.action, accepted));
    static_cast<void>(bench.run(barrier_command(Direction::action, 2), accepted));
    run_sql(bench.bench.database.handle(), "UPDATE skald_barrier SET lease_until = 0");
    CHECK(bench.run(bench.second, charged) == charged);
  }
  const Pending again(folder.file("payment.db"));
  CHECK(query_integer(again.bench.database.handle(), "SELECT count(*) FROM skald_pending") == 1);
}

TEST_CASE("an output that no reply can hold is remembered, and replied as unknown") {
  Pending bench;
  static_cast<void>(bench.run(bench.action, accepted));
  Outcome large = Outcome::success();
  large.output = JsonText::trusted("\"" + std::string(2'000'000, 'x') + "\"");
  CHECK(bench.complete(bench.action, large).reply.outcome.error.code == "REPLY_TOO_LARGE");
  CHECK(bench.run(bench.action, Outcome::rejected("MUST_NOT_RUN")).kind == OutcomeKind::success);
}

TEST_CASE("inside the engine's process, a late reply goes through the channel") {
  const TemporaryFolder folder;
  const auto payment = [&] {
    auto participant = std::make_unique<Participant>("payment", folder.file("payment.db"));
    participant->handle("charge", [](const HandlerCall&, sqlite3*) { return accepted; });
    return participant;
  };
  RecordingListener listener;
  const Command command = make_command(1, "payment", "charge");
  {
    const auto before = payment();
    InProcessChannel channel;
    serve_in_process(*before, channel);
    channel.open("test", listener);
    channel.send({command});
    CHECK(listener.reply_to(command) == accepted);
    channel.close();
  }
  const auto after = payment();
  std::optional<InProcessChannel> channel;
  channel.emplace();
  serve_in_process(*after, *channel);
  SUBCASE("also after a restart") {
    channel->open("test", listener);
    CHECK(after->complete(command.id, charged));
    REQUIRE(listener.wait_for(RecordingListener::Kind::replied, 2));
    const auto last = listener.entries().back();
    CHECK(last.saga == command.id.saga);
    CHECK(last.attempt.attempt == 1);
    CHECK(last.outcome == charged);
  }
  SUBCASE("while it is closed, or gone, the next attempt is answered with it") {
    SUBCASE("closed") {}
    SUBCASE("gone") {
      channel.reset();
      channel.emplace();
    }
    CHECK(after->complete(command.id, charged));
    CHECK(after->answer(HandlerCall(make_command(1, "payment", "charge", 2), {})) == charged);
  }
  channel->close();
}

}  // namespace
}  // namespace skald::test
