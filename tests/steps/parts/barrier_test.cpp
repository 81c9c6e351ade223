#include "skald/barrier.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "barrier_bench.hpp"

namespace skald::test {
namespace {

const Outcome declined = Outcome::rejected("DECLINED", "no money");

struct InMemory : BarrierBench {
  InMemory() : BarrierBench(":memory:") {}
  Command action = barrier_command(Direction::action);
  Command undo = barrier_command(Direction::compensate);
  Command resolve = barrier_command(Direction::resolve);
};

TEST_CASE_FIXTURE(InMemory, "a repeated command is answered with its first result and acts once") {
  CHECK(run(action, charged) == charged);
  CHECK(run(barrier_command(Direction::action, 1, 1, 2), declined) == charged);
  CHECK(run(barrier_command(Direction::action, 1, 5, 9), declined) == charged);
  CHECK(effects(action) == 1);
}

TEST_CASE_FIXTURE(InMemory, "a rejection leaves no effect, and holds for its round only") {
  CHECK(run(action, declined) == declined);
  CHECK(effects(action) == 0);
  CHECK(run(barrier_command(Direction::action, 1, 1, 2), charged) == declined);
  CHECK(run(barrier_command(Direction::action, 1, 2, 3), charged) == charged);
  CHECK(effects(action) == 1);
  CHECK(run(barrier_command(Direction::action, 1, 1, 4), declined) == charged);
}

TEST_CASE_FIXTURE(InMemory, "an attempt that failed fails for ever, the next one may succeed") {
  const Outcome busy = Outcome::failed("BUSY", "no clerk");
  CHECK(run(barrier_command(Direction::action, 1, 1, 2), busy) == busy);
  CHECK(effects(action) == 0);
  CHECK_MESSAGE(run(barrier_command(Direction::action, 1, 1, 2), charged) == busy, "repeated");
  CHECK_MESSAGE(run(action, charged) == busy, "an earlier attempt that comes late");
  CHECK(effects(action) == 0);
  CHECK(run(barrier_command(Direction::action, 1, 1, 3), charged) == charged);
  CHECK(run(action, busy) == charged);
  CHECK(effects(action) == 1);
}

TEST_CASE_FIXTURE(InMemory, "undoing an action that only failed bars it and does nothing") {
  static_cast<void>(run(action, Outcome::failed("BUSY")));
  CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
  CHECK(run(barrier_command(Direction::action, 1, 2, 9), charged).error.code == "COMPENSATED");
  CHECK(effects(action) == 0);
  CHECK(effects(undo) == 0);
}

TEST_CASE_FIXTURE(InMemory, "a resolve that failed leaves the action as it was") {
  auto claimed = barrier.claim(HandlerCall(action, {}), Duration{-1});
  CHECK(std::holds_alternative<Barrier::Claim>(claimed));
  CHECK(run(resolve, Outcome::failed("GATEWAY_DOWN")).kind == OutcomeKind::failed);
  CHECK(run(action, charged) == charged);
}

TEST_CASE("a barrier's table of before failures were remembered is taken over") {
  const TemporaryFolder folder;
  ParticipantDatabase old(folder.file("old.db"));
  run_script(old.handle(),
             "CREATE TABLE skald_barrier (key TEXT PRIMARY KEY, state TEXT NOT NULL, "
             "round INTEGER NOT NULL, output TEXT NOT NULL, error_code TEXT NOT NULL, "
             "error_message TEXT NOT NULL, error_data TEXT NOT NULL, owner TEXT NOT NULL, "
             "lease_until INTEGER NOT NULL, doubtful INTEGER NOT NULL) WITHOUT ROWID");
  run_sql(old.handle(),
          "INSERT INTO skald_barrier VALUES (?, 'success', 1, '7', '', '', 'null', 'x', 0, 0)",
          barrier_command(Direction::action).id.idempotency_key());
  BarrierBench bench(folder.file("old.db"));
  CHECK(bench.run(barrier_command(Direction::action), declined) == Outcome::success(7));
  const Command other = barrier_command(Direction::action, 2);
  CHECK(bench.run(other, Outcome::failed("BUSY")).error.code == "BUSY");
  CHECK(bench.run(other, charged).error.code == "BUSY");
}

TEST_CASE_FIXTURE(InMemory, "unknown is not remembered and leaves no effect") {
  const Outcome outcome = Outcome::unknown("TIMEOUT");
  CHECK(run(action, outcome) == outcome);
  CHECK(effects(action) == 0);
  CHECK(records() == 0);
  CHECK(run(action, charged) == charged);
}

TEST_CASE_FIXTURE(InMemory, "an effect that throws is undone, and the exception is passed on") {
  const HandlerCall call(action, {});
  CHECK_THROWS_WITH(static_cast<void>(barrier.run(call,
                                                  [](const HandlerCall& c, sqlite3* tx) -> Outcome {
                                                    static_cast<void>(effect(charged)(c, tx));
                                                    throw std::runtime_error("ouch");
                                                  })),
                    "ouch");
  CHECK(effects(action) == 0);
  CHECK(records() == 0);
  CHECK(run(action, charged) == charged);
}

TEST_CASE_FIXTURE(InMemory, "a compensation gets what its action answered, and acts once") {
  static_cast<void>(run(action, charged));
  const auto refund = [&](const HandlerCall& call, sqlite3* tx) {
    CHECK(call.output() == Json{{"charge", 7}});
    return effect(Outcome::success())(call, tx);
  };
  CHECK(barrier.run(HandlerCall(undo, {}), refund).kind == OutcomeKind::success);
  CHECK(barrier.run(HandlerCall(undo, {}), refund).kind == OutcomeKind::success);
  CHECK(effects(undo) == 1);
  CHECK_MESSAGE(run(action, declined) == charged, "a success is remembered even when undone");
  CHECK(effects(action) == 1);
}

TEST_CASE_FIXTURE(InMemory, "a compensation that overtakes its action bars it in every round") {
  CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
  for (std::uint32_t round = 1; round <= 3; ++round) {
    const Outcome late = run(barrier_command(Direction::action, 1, round), charged);
    CHECK(late.kind == OutcomeKind::rejected);
    CHECK(late.error.code == "COMPENSATED");
  }
  CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
  CHECK(effects(action) == 0);
  CHECK(effects(undo) == 0);
}

TEST_CASE_FIXTURE(InMemory, "undoing an action that was refused does nothing and bars it") {
  static_cast<void>(run(action, declined));
  CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
  CHECK(effects(undo) == 0);
  CHECK(run(barrier_command(Direction::action, 1, 2), charged).error.code == "COMPENSATED");
}

TEST_CASE_FIXTURE(InMemory, "a refused compensation may be tried anew in a later round") {
  static_cast<void>(run(action, charged));
  CHECK(run(undo, Outcome::rejected("REFUND_CLOSED")).error.code == "REFUND_CLOSED");
  CHECK(run(undo, Outcome::success()).error.code == "REFUND_CLOSED");
  CHECK(effects(undo) == 0);
  CHECK(run(barrier_command(Direction::compensate, 1, 2), Outcome::success()).kind ==
        OutcomeKind::success);
  CHECK(effects(undo) == 1);
}

TEST_CASE_FIXTURE(InMemory,
                  "resolve answers for an action that happened, and stops one that did not") {
  SUBCASE("it happened") {
    static_cast<void>(run(action, charged));
    CHECK(barrier.run(HandlerCall(resolve, {}), {}) == charged);
    CHECK(records() == 1);
  }
  SUBCASE("it did not and never will") {
    CHECK(barrier.run(HandlerCall(resolve, {}), {}).error.code == "NO_EFFECT");
    CHECK(run(action, charged).error.code == "COMPENSATED");
    CHECK(effects(action) == 0);
  }
}

TEST_CASE_FIXTURE(InMemory, "commands that share a transaction are committed or lost together") {
  const Command other = barrier_command(Direction::action, 2);
  const auto both = [&](bool commit) {
    SqlTransaction transaction(database.handle());
    CHECK(barrier.run_within(HandlerCall(action, {}), effect(charged)) == charged);
    CHECK(barrier.run_within(HandlerCall(other, {}), effect(declined)) == declined);
    if (commit) transaction.commit();
  };
  both(false);
  CHECK(records() == 0);
  CHECK(effects(action) == 0);
  both(true);
  CHECK(records() == 2);
  CHECK(effects(action) == 1);
  CHECK(effects(other) == 0);
}

TEST_CASE_FIXTURE(InMemory, "a handler that ends the transaction is found out") {
  const auto careless = [](const HandlerCall&, sqlite3* tx) {
    run_script(tx, "COMMIT");
    return charged;
  };
  CHECK_THROWS_AS(static_cast<void>(barrier.run(HandlerCall(action, {}), careless)),
                  ParticipantError);
}

}  // namespace
}  // namespace skald::test
