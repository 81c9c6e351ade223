// The test kit, on sagas whose handlers are right and on some whose handlers are not.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "skald/error.hpp"
#include "skald/testing.hpp"

using namespace skald;
using skald::testing::Report;
using skald::testing::Trial;

namespace {

constexpr const char* transfer = R"({
  "saga": "transfer", "version": 1,
  "defaults": {"timeout": "1m", "retry": {"max_attempts": 3, "initial_delay": "1h"}},
  "steps": [
    {"name": "debit", "participant": "bank", "action": "debit", "compensation": "undo-debit"},
    {"name": "check", "participant": "fraud", "action": "check", "compensation": "none"},
    {"name": "credit", "participant": "bank", "action": "credit", "kind": "pivot"}]})";

/// Two accounts, and the keys that were used on them.
struct Bank {
  int from = 100;
  int to = 0;
  std::set<std::string> keys;

  Outcome move(const HandlerCall& call, int& account, int amount, bool remembers) {
    const bool fresh = keys.insert(call.idempotency_key()).second;
    if (fresh || !remembers) account += amount;
    return Outcome::success();
  }
};

void put_on(Trial& trial, Bank& bank, bool remembers) {
  trial.before_each([&bank] { bank = {}; })
      .handle("bank", "debit",
              [&bank, remembers](const HandlerCall& call) {
                return bank.move(call, bank.from, -10, remembers);
              })
      .handle("bank", "undo-debit",
              [&bank, remembers](const HandlerCall& call) {
                return bank.move(call, bank.from, 10, remembers);
              })
      .handle("bank", "credit",
              [&bank, remembers](const HandlerCall& call) {
                return bank.move(call, bank.to, 10, remembers);
              })
      .handle("fraud", "check",
              [](const HandlerCall& call) {
                return call.input().value("stolen", false) ? Outcome::rejected("STOLEN")
                                                           : Outcome::success();
              })
      .after_each([&bank](const Saga& saga) -> std::optional<std::string> {
        const bool moved = saga.status == Status::completed;
        if (bank.from == (moved ? 90 : 100) && bank.to == (moved ? 10 : 0)) return std::nullopt;
        return "the accounts hold " + std::to_string(bank.from) + " and " + std::to_string(bank.to);
      });
}

}  // namespace

TEST_CASE("handlers that keep their keys survive every crash, forward and back") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, true);
  const Report forward = trial.run({{"stolen", false}});
  CHECK_MESSAGE(forward.ok(), forward.text());
  CHECK(forward.status == Status::completed);
  CHECK(forward.schedules > 40);
  CHECK(forward.crashes > 40);
  const Report back = trial.run({{"stolen", true}});
  CHECK_MESSAGE(back.ok(), back.text());
  CHECK(back.status == Status::compensated);
}

TEST_CASE("handlers that forget their keys are found out, and the schedule can be replayed") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, false);
  const Report report = trial.run(Json::object());
  REQUIRE_FALSE(report.ok());
  CHECK(report.findings.front().sentence.find("the accounts hold") != std::string::npos);
  CHECK(report.text().find("trial.replay(\"" + report.findings.front().schedule) !=
        std::string::npos);
  const auto lines = trial.replay(report.findings.front().schedule, Json::object());
  CHECK(lines.back() == report.findings.front().sentence);
}

TEST_CASE("behind a barrier handlers need no keys of their own") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, false);
  trial.behind_barrier();
  const Report report = trial.run({{"stolen", true}});
  CHECK_MESSAGE(report.ok(), report.text());
}

TEST_CASE("effects that handlers report are held against the rules") {
  Trial trial{parse_definition(transfer)};
  const auto act = [&trial](const HandlerCall& call) {
    trial.took_effect(call);
    return Outcome::success();
  };
  trial.handle("bank", "debit", act).handle("bank", "credit", act).handle("fraud", "check", act);
  const Report report = trial.run(Json::object());
  REQUIRE_FALSE(report.ok());
  CHECK(std::any_of(report.findings.begin(), report.findings.end(),
                    [](const auto& finding) { return finding.sentence.starts_with("I6: "); }));
}

TEST_CASE("an action that nobody handles uses its attempts up, without waiting for them") {
  Trial trial{parse_definition(transfer)};
  trial.behind_barrier().handle("bank", "debit",
                                [](const HandlerCall&) { return Outcome::success(); });
  trial.handle("bank", "undo-debit", [](const HandlerCall&) { return Outcome::success(); });
  const Report report = trial.run(Json::object());
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.status == Status::compensated);
}

TEST_CASE("a schedule that does not exist is refused by its name") {
  Trial trial{parse_definition(transfer)};
  CHECK_THROWS_WITH_AS((void)trial.replay("crash-at-noon:3", Json::object()),
                       "there is no schedule crash-at-noon:3; a report names them", Error);
}
