// Work outside the database: claim, work, finish, and everything that can come in between.
#include <doctest/doctest.h>

#include <stdexcept>

#include "barrier_bench.hpp"

namespace skald::test {
namespace {

constexpr Duration lease{60'000};
constexpr Duration lapsed{-1};

struct Claiming : BarrierBench {
  Claiming() : BarrierBench(":memory:") {}
  Barrier::Claim claim(const Command& command, Duration duration = lease) {
    auto answer = barrier.claim(HandlerCall(command, {}), duration);
    REQUIRE(std::holds_alternative<Barrier::Claim>(answer));
    return std::get<Barrier::Claim>(answer);
  }
  Outcome refused_claim(const Command& command) {
    auto answer = barrier.claim(HandlerCall(command, {}), lease);
    REQUIRE(std::holds_alternative<Outcome>(answer));
    return std::get<Outcome>(answer);
  }
  Outcome finish(const Barrier::Claim& c, const Command& command, const Outcome& outcome) {
    return barrier.finish(c, HandlerCall(command, {}), effect(outcome));
  }
  Command action = barrier_command(Direction::action);
  Command undo = barrier_command(Direction::compensate);
  Command resolve = barrier_command(Direction::resolve);
};

TEST_CASE_FIXTURE(Claiming, "while a claim is alive, a repeated key is answered pending") {
  const auto mine = claim(action);
  CHECK_FALSE(mine.may_have_happened);
  const Outcome repeated = refused_claim(action);
  CHECK(repeated.kind == OutcomeKind::pending);
  CHECK(repeated.lease > Duration{0});
  CHECK(repeated.lease <= lease);
  CHECK(run(action, charged).kind == OutcomeKind::pending);
  CHECK(run(resolve, charged).kind == OutcomeKind::pending);
  CHECK(run(undo, charged).error.code == "ACTION_RUNNING");
  CHECK(finish(mine, action, charged) == charged);
  CHECK(refused_claim(action) == charged);
  CHECK(effects(action) == 1);
}

TEST_CASE_FIXTURE(Claiming,
                  "a claim that failed is free again, one that was refused binds its round") {
  CHECK(finish(claim(action), action, Outcome::failed("BUSY")) == Outcome::failed("BUSY"));
  CHECK_MESSAGE(refused_claim(action).error.code == "BUSY", "but not for this attempt");
  const Command second = barrier_command(Direction::action, 1, 1, 2);
  const auto later = claim(second);
  CHECK_FALSE(later.may_have_happened);
  CHECK(finish(later, second, Outcome::rejected("DECLINED")).error.code == "DECLINED");
  CHECK(effects(action) == 0);
  CHECK(refused_claim(action).error.code == "DECLINED");
  const Command again = barrier_command(Direction::action, 1, 2, 3);
  CHECK(finish(claim(again), again, charged) == charged);
}

TEST_CASE_FIXTURE(Claiming,
                  "after an unknown end the key can be tried again, and is undone for real") {
  CHECK(finish(claim(action), action, Outcome::unknown("TIMEOUT")).error.code == "TIMEOUT");
  CHECK(effects(action) == 0);
  SUBCASE("a retry knows that it may have happened") {
    const auto retry = claim(action);
    CHECK(retry.may_have_happened);
    SUBCASE("and may succeed") { CHECK(finish(retry, action, charged) == charged); }
    SUBCASE("and its failure does not take the doubt away, so it is unknown, too") {
      CHECK(finish(retry, action, Outcome::failed("BUSY")) == Outcome::unknown("BUSY"));
      CHECK(claim(action).may_have_happened);
    }
  }
  SUBCASE("a transaction that fails does not take the doubt away either") {
    CHECK(run(action, Outcome::failed("BUSY")) == Outcome::unknown("BUSY"));
    CHECK(claim(action).may_have_happened);
  }
  SUBCASE("its compensation runs, without an output, and bars it") {
    const auto refund = [](const HandlerCall& call, sqlite3* tx) {
      CHECK(call.output().is_null());
      return effect(Outcome::success())(call, tx);
    };
    CHECK(barrier.run(HandlerCall(undo, {}), refund).kind == OutcomeKind::success);
    CHECK(effects(undo) == 1);
    CHECK(refused_claim(action).error.code == "COMPENSATED");
  }
  SUBCASE("a compensation under way bars it, and failing keeps the doubt") {
    const auto refund = claim(undo);
    CHECK(refused_claim(action).error.code == "COMPENSATED");
    static_cast<void>(finish(refund, undo, Outcome::failed("BUSY")));
    const Command next = barrier_command(Direction::compensate, 1, 1, 2);
    CHECK(finish(claim(next), next, Outcome::success()).kind == OutcomeKind::success);
    CHECK(effects(undo) == 1);
    CHECK(refused_claim(undo).kind == OutcomeKind::success);
  }
  SUBCASE("resolve says so, and asks the gateway where it can") {
    CHECK(barrier.run(HandlerCall(resolve, {}), {}).error.code == "UNRESOLVED");
    CHECK(run(resolve, Outcome::failed("GATEWAY_DOWN")).error.code == "GATEWAY_DOWN");
    SUBCASE("it happened") {
      CHECK(run(resolve, charged) == charged);
      CHECK(refused_claim(action) == charged);
    }
    SUBCASE("it did not") {
      CHECK(run(resolve, Outcome::rejected("NOT_FOUND")).error.code == "NOT_FOUND");
      CHECK(refused_claim(action).error.code == "COMPENSATED");
      CHECK(run(undo, Outcome::failed("MUST_NOT_RUN")).kind == OutcomeKind::success);
    }
  }
}

TEST_CASE_FIXTURE(Claiming, "work whose recording throws may have happened") {
  const auto mine = claim(action);
  const auto broken = [](const HandlerCall& call, sqlite3* tx) -> Outcome {
    static_cast<void>(effect(charged)(call, tx));
    throw std::runtime_error("ouch");
  };
  CHECK_THROWS_WITH(static_cast<void>(barrier.finish(mine, HandlerCall(action, {}), broken)),
                    "ouch");
  CHECK(effects(action) == 0);
  CHECK(claim(action).may_have_happened);
}

TEST_CASE_FIXTURE(Claiming, "a lease that is over lets another take the work up") {
  const auto slow = claim(action, lapsed);
  const auto quick = claim(action);
  CHECK(quick.may_have_happened);
  SUBCASE("who finishes first counts") {
    CHECK(finish(quick, action, charged) == charged);
    CHECK(finish(slow, action, Outcome::success({{"charge", 8}})) == charged);
    CHECK(effects(action) == 1);
  }
  SUBCASE("the slow one must wait while the other works") {
    CHECK(finish(slow, action, charged).kind == OutcomeKind::pending);
    CHECK(effects(action) == 0);
    CHECK(finish(quick, action, charged) == charged);
  }
}

TEST_CASE_FIXTURE(Claiming, "a compensation that is finished keeps a slow action out") {
  const auto slow = claim(action, lapsed);
  CHECK(run(undo, Outcome::success()).kind == OutcomeKind::success);
  CHECK(finish(slow, action, charged).error.code == "COMPENSATED");
  CHECK(effects(action) == 0);
}

TEST_CASE_FIXTURE(Claiming, "a claimed compensation knows what its action answered") {
  static_cast<void>(run(action, charged));
  const auto refund = claim(undo);
  REQUIRE(refund.output);
  CHECK(refund.output->value() == Json{{"charge", 7}});
  CHECK(finish(refund, undo, Outcome::success()).kind == OutcomeKind::success);
  CHECK(effects(undo) == 1);
}

TEST_CASE_FIXTURE(Claiming, "claiming the undoing of what never happened concludes it at once") {
  CHECK(refused_claim(undo).kind == OutcomeKind::success);
  CHECK(refused_claim(action).error.code == "COMPENSATED");
}

}  // namespace
}  // namespace skald::test
