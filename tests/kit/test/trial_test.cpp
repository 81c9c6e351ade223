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

TEST_CASE("handlers behind a barrier survive random schedules, in which much goes wrong") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, false);
  trial.behind_barrier();
  const Report report = trial.run_under_fire({{"stolen", false}}, {.seed = 5, .schedules = 300});
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.schedules == 301);
  CHECK(report.accidents > 300);
  CHECK(report.crashes > 50);
  CHECK_MESSAGE(report.ends.count(Status::completed) == 1, "some go through");
  CHECK_MESSAGE(report.ends.count(Status::compensated) == 1, "some lose too many attempts");
}

TEST_CASE(
    "random schedules find an undo of what never happened, by handlers that keep their keys") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, true);
  // All attempts at the debit are lost, so it may have happened: it is undone, and never was.
  const Report report = trial.run_under_fire(Json::object(), {.schedules = 100, .lose = 0.6});
  REQUIRE_FALSE(report.ok());
  CHECK(report.text().find("the accounts hold 110 and 0") != std::string::npos);
}

TEST_CASE("random schedules find handlers that forget, and the seed brings the schedule back") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, false);
  const testing::Fire fire{.seed = 40, .schedules = 60, .duplicate = 0.3};
  const Report report = trial.run_under_fire(Json::object(), fire);
  REQUIRE_FALSE(report.ok());
  const testing::Finding& first = report.findings.front();
  CHECK(first.schedule.starts_with("random:"));
  CHECK(first.schedule.find(",seed=") != std::string::npos);
  CHECK(trial.replay(first.schedule, Json::object()).back() == first.sentence);
  CHECK_MESSAGE(trial.run_under_fire(Json::object(), fire).text() == report.text(),
                "the same seeds do the same");
}

TEST_CASE("without rates nothing goes wrong in random schedules") {
  Bank bank;
  Trial trial{parse_definition(transfer)};
  put_on(trial, bank, false);
  const testing::Fire calm{
      .schedules = 20, .fail = 0, .lose = 0, .unknown = 0, .duplicate = 0, .slow = 0, .crash = 0};
  const Report report = trial.run_under_fire(Json::object(), calm);
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.accidents == 0);
  CHECK(report.ends == std::map<Status, std::uint64_t>{{Status::completed, 21}});
}

TEST_CASE("a rate that is no share is refused") {
  Trial trial{parse_definition(transfer)};
  CHECK_THROWS_WITH_AS((void)trial.run_under_fire(Json::object(), {.lose = 1.5}),
                       "lose is 1.5: it must be a share from 0 to 1", Error);
}

TEST_CASE("edge data finds the handler that throws on a number it has not thought of") {
  Trial trial{parse_definition(R"({"saga": "o", "version": 1, "steps": [
    {"name": "pick", "participant": "shop", "action": "pick", "compensation": "none",
     "input": {"$from": "/input/items/0", "default": {}}}]})")};
  trial.handle("shop", "pick", [](const HandlerCall& call) {
    const auto quantity = call.input().at("sku").get<std::uint32_t>();
    return Outcome::success({{"picked", quantity}});
  });
  const Report report = trial.run_with_edge_data(1, 60);
  CHECK(report.schedules > 40);
  REQUIRE_FALSE(report.ok());
  const testing::Finding& first = report.findings.front();
  CHECK(first.sentence.starts_with("the handler of shop/pick threw: "));
  const auto lines = trial.replay(first.schedule, Json::object());
  CHECK(lines.front().starts_with("input: "));
  CHECK(lines.back() == first.sentence);
  CHECK_THROWS_AS((void)trial.replay("edge:seed=x", Json::object()), Error);
}

TEST_CASE("a handler that takes whatever comes has no findings from edge data") {
  Trial trial{parse_definition(R"({"saga": "o", "version": 1, "steps": [
    {"name": "pick", "participant": "shop", "action": "pick", "compensation": "none"}]})")};
  trial.handle("shop", "pick", [](const HandlerCall&) { return Outcome::success(); });
  const Report report = trial.run_with_edge_data(100, 40);
  CHECK_MESSAGE(report.ok(), report.text());
  CHECK(report.ends.at(Status::completed) > 20);
}
