// The rules as a table: every state that a key can be in, met by every kind of command.
#include "barrier_rules.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace skald::barrier {
namespace {

constexpr Time now{Duration{1'000'000}};
constexpr Time later = now + Duration{5'000};
constexpr Time earlier = now - Duration{1};

Record success() {
  Record record;
  record.state = RecordState::success;
  record.output = JsonText::trusted(R"({"id":7})");
  return record;
}
Record rejected(std::uint32_t round) {
  Record record;
  record.state = RecordState::rejected;
  record.round = round;
  record.error = {"OUT_OF_STOCK", "none left", JsonText::trusted("[1]")};
  return record;
}
Record failed(std::uint32_t attempt) {
  Record record;
  record.state = RecordState::failed;
  record.attempt = attempt;
  record.error = {"BUSY", "no clerk", JsonText::trusted("[2]")};
  return record;
}
Record working(Time lease_until) {
  Record record;
  record.lease_until = lease_until;
  return record;
}
Record barred(bool doubtful) {
  Record record;
  record.state = RecordState::barred;
  record.doubtful = doubtful;
  return record;
}

std::string text(const Outcome& outcome) {
  const std::string code = outcome.error.code.empty() ? "" : " " + outcome.error.code;
  return to_string(outcome.kind) + code;
}
std::string text(const Verdict& verdict) {
  if (const auto* answer = std::get_if<Answer>(&verdict)) return "answer " + text(answer->outcome);
  if (const auto* end = std::get_if<Conclude>(&verdict)) return "conclude " + text(end->outcome);
  const auto& proceed = std::get<Proceed>(verdict);
  return std::string("proceed") + (proceed.output ? " with output" : "") +
         (proceed.bar_action ? " barring" : "");
}

struct Case {
  const char* name;
  Request request;
  std::optional<Record> own;
  std::optional<Record> action;
  const char* verdict;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(text(judge(c.request, c.own, c.action, now)) == c.verdict);
  }
}

constexpr Request act{Direction::action, 2, 4, false};
constexpr Request undo{Direction::compensate, 2, 4, false};
constexpr Request ask{Direction::resolve, 2, 4, false};
constexpr Request ask_gateway{Direction::resolve, 2, 4, true};

TEST_CASE("rule 1: a repeated key is answered with what is remembered of it") {
  check({{"never seen", act, {}, {}, "proceed"},
         {"succeeded", act, success(), {}, "answer success"},
         {"still working", act, working(later), {}, "answer pending"},
         {"the worker was lost", act, working(earlier), {}, "proceed"},
         {"the lease ends this moment", act, working(now), {}, "proceed"},
         {"an undo that succeeded", undo, success(), success(), "answer success"},
         {"an undo still working", undo, working(later), success(), "answer pending"},
         {"an undo whose worker was lost", undo, working(earlier), success(),
          "proceed with output"}});
  const auto pending = std::get<Answer>(judge(act, working(later), {}, now)).outcome;
  CHECK(pending.lease == later - now);
  const auto done = std::get<Answer>(judge(act, success(), {}, now)).outcome;
  CHECK(done.output.text() == R"({"id":7})");
}

TEST_CASE("rule 2: a rejection binds its own round, a success all rounds") {
  check({{"same round", act, rejected(2), {}, "answer rejected OUT_OF_STOCK"},
         {"a later round", act, rejected(1), {}, "proceed"},
         {"a straggler of an earlier round", act, rejected(3), {}, "answer rejected OUT_OF_STOCK"},
         {"an undo, same round", undo, rejected(2), success(), "answer rejected OUT_OF_STOCK"},
         {"an undo, a later round", undo, rejected(1), success(), "proceed with output"},
         {"a success of round 1", act, success(), {}, "answer success"}});
  const auto refused = std::get<Answer>(judge(act, rejected(2), {}, now)).outcome;
  CHECK(refused.error == rejected(2).error);
}

TEST_CASE("rule 2: an attempt that was answered failed never acts, a later one may") {
  check({{"the same attempt comes again", act, failed(4), {}, "answer failed BUSY"},
         {"an earlier attempt comes late", act, failed(5), {}, "answer failed BUSY"},
         {"the next attempt", act, failed(3), {}, "proceed"},
         {"an undo, the same attempt", undo, failed(4), success(), "answer failed BUSY"},
         {"an undo, the next attempt", undo, failed(3), success(), "proceed with output"},
         {"undoing an action that failed", undo, {}, failed(9), "conclude success"},
         {"asking for an action that failed", ask, {}, failed(9), "conclude rejected NO_EFFECT"}});
  const auto again = std::get<Answer>(judge(act, failed(4), {}, now)).outcome;
  CHECK(again.error == failed(4).error);
}

TEST_CASE("rule 3: a compensation undoes what happened, and bars what has not") {
  check(
      {{"the action was never seen", undo, {}, {}, "conclude success"},
       {"the action was refused", undo, {}, rejected(1), "conclude success"},
       {"the action is barred already", undo, {}, barred(false), "conclude success"},
       {"the action succeeded", undo, {}, success(), "proceed with output"},
       {"the action may have happened", undo, {}, working(earlier), "proceed barring"},
       {"an earlier undo of it was lost", undo, working(earlier), barred(true), "proceed barring"},
       {"the action is at work", undo, {}, working(later), "answer failed ACTION_RUNNING"},
       {"the action comes late", act, barred(false), {}, "answer rejected COMPENSATED"},
       {"the action comes while its doubt is undone",
        act,
        barred(true),
        {},
        "answer rejected COMPENSATED"}});
  const auto wait = std::get<Answer>(judge(undo, {}, working(later), now)).outcome;
  CHECK(wait.retry_after == later - now);
}

TEST_CASE("rule 4: resolve tells what became of the action, and makes sure of it") {
  check(
      {{"never seen", ask, {}, {}, "conclude rejected NO_EFFECT"},
       {"succeeded", ask, {}, success(), "answer success"},
       {"refused", ask, {}, rejected(2), "conclude rejected NO_EFFECT"},
       {"barred", ask, {}, barred(false), "conclude rejected NO_EFFECT"},
       {"at work", ask, {}, working(later), "answer pending"},
       {"lost", ask, {}, working(earlier), "answer failed UNRESOLVED"},
       {"lost, and being undone", ask, {}, barred(true), "answer failed UNRESOLVED"},
       {"lost, and the gateway can be asked", ask_gateway, {}, working(earlier), "proceed"},
       {"succeeded: the gateway need not be asked", ask_gateway, {}, success(), "answer success"}});
}

TEST_CASE("states are stored by names that read back") {
  for (int i = 0; i < record_state_count; ++i) {
    const auto state = static_cast<RecordState>(i);
    CHECK(parse_record_state(to_string(state)) == state);
  }
  CHECK_FALSE(parse_record_state("other"));
}

}  // namespace
}  // namespace skald::barrier
