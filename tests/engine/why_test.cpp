// The advice of `why`: each row of the table is brought about, followed, and has to help.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "skald/decide.hpp"
#include "skald/expansion.hpp"
#include "skald/store.hpp"
#include "skald/view.hpp"
#include "view/advice.hpp"

using namespace skald;
using namespace std::chrono_literals;

namespace {

class Gatekeeper final : public Admission {
 public:
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return true; }
  [[nodiscard]] std::optional<ChildRefusal> refuses_child(const Step&,
                                                          const JsonText&) const override {
    if (children) return std::nullopt;
    return ChildRefusal{{"CHILD_UNKNOWN", "no such type", {}}, false};
  }
  bool children = true;
};

// A saga told input by input. A copy goes a way of its own.
class Story {
 public:
  explicit Story(const char* definition, const Json& input = Json::object()) {
    const auto parsed = std::make_shared<const Definition>(parse_definition(definition));
    definition_ = std::get<DefinitionPtr>(effective_definition(parsed, JsonText::of(input)));
    start_.id = SagaId::make(now_, 1, 2);
    start_.input = JsonText::of(input);
  }

  Story& start() { return tell(start_); }
  Story& tell(const Input& input) {
    Decision decision = decide(*definition_, saga_, input, now_, gate);
    INFO((decision.refusal ? decision.refusal->message : ""));
    REQUIRE_FALSE(decision.refusal);
    for (const Effect& effect : decision.effects) {
      if (const auto* send = std::get_if<SendCommand>(&effect)) {
        sent_.push_back(send->attempt);
        body_ = send->body.value();
      }
      if (const auto* child = std::get_if<StartChild>(&effect)) started_ = *child;
      if (const auto* back = std::get_if<TurnChildBack>(&effect)) turned_ = back->child;
    }
    record(std::move(decision.events));
    return *this;
  }
  Story& record(std::vector<Event> events) {
    if (events.empty()) return *this;
    rows_.push_back({static_cast<Position>(rows_.size() + 1), rows_.size() + 1, now_, events});
    saga_ = fold(rows_);
    return *this;
  }
  /// Answers the oldest command that is not answered.
  Story& reply(const Outcome& outcome) {
    REQUIRE(!sent_.empty());
    const AttemptRef attempt = sent_.front();
    sent_.erase(sent_.begin());
    return tell(ReplyReceived{attempt, outcome});
  }
  Story& time_out() {
    REQUIRE(!sent_.empty());
    const AttemptRef attempt = sent_.front();
    sent_.erase(sent_.begin());
    return tell(AttemptTimedOut{attempt});
  }
  Story& child_ends(Status status) {
    REQUIRE(started_);
    return tell(ChildEnded{started_->attempt, started_->child, status, {}, {}});
  }
  Story& pass(Duration time) {
    now_ += time;
    return *this;
  }

  /// Everything succeeds from here on, as long as something happens.
  void go_on() {
    for (int round = 0; round < 100 && !is_end(saga_.status); ++round) {
      if (!sent_.empty()) {
        reply(Outcome::success());
      } else if (turned_) {
        turned_.reset();
        child_ends(Status::compensated);
      } else if (child_runs()) {
        child_ends(Status::completed);
      } else if (const auto wake = next_wake(*definition_, saga_)) {
        now_ = std::max(now_, *wake);
        tell(Woken{});
      } else {
        return;
      }
    }
  }

  /// Does what a line such as `skip --step a --as succeeded` says.
  Story& follow(const std::string& line, const Json& patch) {
    std::istringstream in(line);
    std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    std::map<std::string, std::string> options;
    for (std::size_t i = 1; i + 1 < words.size(); ++i) options[words[i]] = words[i + 1];
    const StepIndex step =
        options.contains("--step") ? definition_->find(options["--step"]).value() : no_step;
    const std::string& verb = words.front();
    if (verb == "retry") return tell(RetryRequested{});
    if (verb == "cancel") return tell(CancelRequested{});
    if (verb == "abandon") return tell(AbandonRequested{});
    if (verb == "signal") return tell(SignalReceived{words.at(2), {}, {}});
    if (verb == "resume") {
      ResumeRequested resume;
      resume.step = step;
      if (options.contains("--input-patch")) resume.input_patch = JsonText::of(patch);
      return tell(resume);
    }
    REQUIRE(verb == "skip");
    const std::map<std::string, SkipRequested::As> verdicts{
        {"", SkipRequested::As::skipped},
        {"succeeded", SkipRequested::As::succeeded},
        {"rejected", SkipRequested::As::rejected},
        {"compensated", SkipRequested::As::compensated}};
    return tell(SkipRequested{{}, step, verdicts.at(options["--as"]), {}});
  }

  [[nodiscard]] std::string why() const {
    return skald::why(SecretMask(*definition_, saga_), saga_, rows_, now_);
  }
  [[nodiscard]] const Saga& saga() const { return saga_; }
  [[nodiscard]] const Json& body() const { return body_; }  ///< Of the last command.
  [[nodiscard]] const Definition& definition() const { return *definition_; }

  Gatekeeper gate;

 private:
  [[nodiscard]] bool child_runs() const {
    return std::any_of(saga_.steps.begin(), saga_.steps.end(), [](const StepState& s) {
      return s.child && s.status == StepStatus::waiting;
    });
  }

  DefinitionPtr definition_;
  Time now_{Duration(1'800'000'000'000)};
  StartRequested start_;
  Saga saga_;
  std::vector<JournalRow> rows_;
  std::vector<AttemptRef> sent_;
  Json body_;
  std::optional<StartChild> started_;
  std::optional<SagaId> turned_;
};

// The command lines that a sentence advises.
std::vector<std::string> advised(const std::string& sentence) {
  const std::regex quoted("`skald ([^`]+)`");
  std::vector<std::string> lines;
  for (std::sregex_iterator at(sentence.begin(), sentence.end(), quoted), end; at != end; ++at) {
    lines.push_back((*at)[1]);
  }
  return lines;
}

constexpr const char* charged_order = R"({"saga": "t", "version": 1,
  "defaults": {"retry": {"max_attempts": 1}, "compensation_retry": {"max_attempts": 1}},
  "steps": [
    {"name": "charge", "participant": "p", "action": "charge", "compensation": "refund"},
    {"name": "ship", "participant": "p", "action": "ship", "kind": "pivot"}]})";

Story refund_ends(const Outcome& outcome) {
  Story story(charged_order);
  story.start().reply(Outcome::success()).reply(Outcome::rejected("NO")).reply(outcome);
  return story;
}

Story stuck_step(const char* kind) {
  const std::string definition = fmt::format(
      R"({{"saga": "t", "version": 1, "steps": [
        {{"name": "a", "participant": "p", "action": "a", "retry": {{"max_attempts": 1}},
          "on_failure": "stuck", {}}}]}})",
      kind);
  Story story(definition.c_str());
  story.start();
  return story;
}

constexpr const char* undoable = R"("compensation": "undo")";

struct Case {
  Standstill standstill;
  std::string name;
  std::function<Story()> story;
  Json patch = Json::object();
};

std::vector<Case> cases() {
  using S = Standstill;
  const auto waiting = [] {
    Story story(R"({"saga": "t", "version": 1, "steps": [
      {"name": "ok", "wait_for": {"signal": "go"}}]})");
    story.start();
    return story;
  };
  const auto child = [] {
    return Story(R"({"saga": "t", "version": 1, "steps": [
      {"name": "trip", "saga": {"type": "leg"}},
      {"name": "b", "participant": "p", "action": "b", "compensation": "none"}]})");
  };
  return {
      {S::signal_awaited, "a signal", waiting},
      {S::signal_kept, "a signal that came during a pause",
       [=] {
         Story story = waiting();
         story.tell(PauseRequested{}).tell(SignalReceived{"go", {}, {}});
         return story;
       }},
      {S::retry_awaited, "a back-off",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "a", "participant": "p", "action": "a", "compensation": "none",
            "retry": {"max_attempts": 2, "initial_delay": "1h", "max_delay": "1h"}}]})");
         story.start().reply(Outcome::failed("BUSY"));
         return story;
       }},
      {S::action_failed, "refused, policy stuck",
       [] {
         Story story = stuck_step(undoable);
         story.reply(Outcome::rejected("NO"));
         return story;
       }},
      {S::action_failed, "past the pivot",
       [] {
         Story story = stuck_step(R"("kind": "retriable")");
         story.reply(Outcome::rejected("NO"));
         return story;
       }},
      {S::action_failed, "a child that is not there",
       [=] {
         Story story = child();
         story.gate.children = false;
         story.start();
         return story;
       }},
      {S::action_in_doubt, "a pivot",
       [] {
         Story story(charged_order);
         story.start().reply(Outcome::success()).time_out();
         return story;
       }},
      {S::action_in_doubt, "no pivot",
       [] {
         Story story = stuck_step(undoable);
         story.time_out();
         return story;
       }},
      {S::input_unfilled,
       "of a command",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "a", "participant": "p", "action": "a", "compensation": "none",
            "input": {"sku": {"$from": "/input/sku"}}}]})");
         story.start();
         return story;
       },
       {{"sku", "chair"}}},
      {S::input_unfilled, "of a sleep",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "nap", "sleep": {"$from": "/input/at"}}]})",
                     {{"at", "soon"}});
         story.start();
         return story;
       },
       "5m"},
      {S::input_unfilled,
       "of a child",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "trip", "saga": {"type": "leg", "input": {"$from": "/input/leg"}}}]})");
         story.start();
         return story;
       },
       {{"to", "Ulm"}}},
      {S::list_uncollected, "outputs that are too long together",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "pack", "for_each": {"in": "/input/items", "step": {
              "participant": "p", "action": "pack", "compensation": "none"}}}]})",
                     {{"items", {1, 2, 3}}});
         const Json part{{"text", std::string(400'000, 'x')}};
         story.start();
         for (int i = 0; i < 3; ++i) story.reply(Outcome::success(part));
         return story;
       }},
      {S::undo_failed, "refused", [] { return refund_ends(Outcome::rejected("CLOSED")); }},
      {S::undo_failed, "used up", [] { return refund_ends(Outcome::failed("BUSY")); }},
      {S::undo_unfilled, "without the step's output",
       [] {
         Story story(R"({"saga": "t", "version": 1, "steps": [
           {"name": "charge", "participant": "p", "action": "charge", "compensation": {
              "action": "refund", "input": {"id": {"$from": "/steps/charge/output/id"}}}},
           {"name": "ship", "participant": "p", "action": "ship", "kind": "pivot"}]})");
         story.start().reply(Outcome::success()).reply(Outcome::rejected("NO"));
         return story;
       }},
      {S::undo_by_hand, "a child that was abandoned",
       [=] {
         Story story = child();
         story.start().child_ends(Status::completed).reply(Outcome::rejected("NO"));
         story.child_ends(Status::abandoned);
         return story;
       }},
      {S::answered_since, "an undo",
       [] {
         Story story = refund_ends(Outcome::failed("BUSY"));
         story.tell(ReplyReceived{{0, Direction::compensate, 1}, Outcome::success()});
         return story;
       }},
      {S::output_unfilled, "that may turn back",
       [] {
         Story story(R"({"saga": "t", "version": 1, "output": {"$from": "/steps/a/output/id"},
           "steps": [{"name": "a", "participant": "p", "action": "a", "compensation": "undo"}]})");
         story.start().reply(Outcome::success());
         return story;
       }},
      {S::output_unfilled, "past the pivot",
       [] {
         Story story(R"({"saga": "t", "version": 1, "output": {"$from": "/steps/a/output/id"},
           "steps": [{"name": "a", "participant": "p", "action": "a", "kind": "pivot"}]})");
         story.start().reply(Outcome::success());
         return story;
       }},
      {S::undecidable, "a fault of the engine's",
       [] {
         Story story(charged_order);
         story.start().record({SagaStuck{
             {no_step, Direction::action, Status::running, {"INTERNAL", "broken", {}}}}});
         return story;
       }},
  };
}

}  // namespace

TEST_CASE("what why advises is granted and helps, whatever holds the saga") {
  std::set<Standstill> seen;
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const Story story = c.story();
    const std::string sentence = story.why();
    CAPTURE(sentence);
    if (story.saga().stuck) CHECK(standstill_of(story.definition(), story.saga()) == c.standstill);
    const auto lines = advised(sentence);
    CHECK(!lines.empty());
    for (const std::string& line : lines) {
      CAPTURE(line);
      Story followed = story;
      followed.gate.children = true;  // "define it, then resume", says that sentence.
      followed.follow(line, c.patch).go_on();
      CHECK(is_end(followed.saga().status));
    }
    seen.insert(c.standstill);
  }
  CHECK(seen.size() == standstill_count);
}

TEST_CASE("why gives every advice of the table where it can help") {
  const auto& table = advice_table();
  REQUIRE(table.size() == standstill_count);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const AdviceRow& row = table[i];
    REQUIRE(static_cast<std::size_t>(row.standstill) == i);
    for (const Advice advice : row.helps) {
      bool given = false;
      for (const Case& c : cases()) {
        if (c.standstill != row.standstill) continue;
        const Story story = c.story();
        const StepIndex at = current_step(story.saga());
        const Step* step = at == no_step ? nullptr : &story.definition().steps[at];
        const auto* wait = step ? step->as<WaitFor>() : nullptr;
        const std::string text = advice_text(advice, step ? step->name : "",
                                             story.saga().id.to_string(), wait ? wait->signal : "");
        given = given || story.why().find(text) != std::string::npos;
      }
      CHECK_MESSAGE(given, row.means, ": ", advice_text(advice, "STEP", "ID", "NAME"));
    }
  }
}

TEST_CASE("a paused saga that is stuck is told that one resume is not enough") {
  Story story = refund_ends(Outcome::rejected("CLOSED"));
  story.tell(PauseRequested{});
  CHECK(story.why().find("paused, and `skald resume` only ends that; then it is stuck") == 0);
  story.follow("resume", {});
  CHECK(story.saga().status == Status::stuck);
  CHECK(story.why().find("stuck for ") == 0);
  story.follow("resume", {}).go_on();
  CHECK(story.saga().status == Status::compensated);
}

TEST_CASE("a paused saga is not asked for what it has or what a pause refuses") {
  Story waits(R"({"saga": "t", "version": 1, "steps": [
    {"name": "ok", "wait_for": {"signal": "go"}}]})");
  waits.start().tell(PauseRequested{});
  CHECK(waits.why().find("skald signal") != std::string::npos);
  waits.tell(SignalReceived{"go", {}, {}});
  CHECK(waits.why().find("skald signal") == std::string::npos);
  CHECK(waits.why().find("ok has its signal go already") != std::string::npos);

  Story retries(R"({"saga": "t", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none"}]})");
  retries.start().reply(Outcome::failed("BUSY"));
  CHECK(retries.why().find("skald retry") != std::string::npos);
  retries.tell(PauseRequested{});
  CHECK(retries.why().find("skald retry") == std::string::npos);
}

TEST_CASE("a saga has been stuck since it got stuck, whatever else is answered meanwhile") {
  Story story(R"({"saga": "t", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none", "after": [],
     "on_failure": "stuck"},
    {"name": "b", "participant": "p", "action": "b", "compensation": "none", "after": []}]})");
  story.start().reply(Outcome::rejected("NO")).pass(30min);
  CHECK(story.why().find("stuck for 30m: ") == 0);
  story.reply(Outcome::success());
  CHECK(story.why().find("stuck for 30m: ") == 0);
}

TEST_CASE("of an undo in parallel, each branch that is stuck is named") {
  Story story(R"({"saga": "t", "version": 1, "undo": "parallel",
    "defaults": {"compensation_retry": {"max_attempts": 1}}, "steps": [
    {"name": "l", "participant": "p", "action": "a", "compensation": "u", "after": []},
    {"name": "r", "participant": "p", "action": "b", "compensation": "v", "after": []},
    {"name": "end", "participant": "p", "action": "c", "compensation": "none",
     "after": ["l", "r"]}]})");
  story.start().reply(Outcome::success()).reply(Outcome::success()).reply(Outcome::rejected("NO"));
  story.reply(Outcome::rejected("LOCKED"));
  CHECK(story.why().find("stuck as well") == std::string::npos);
  story.reply(Outcome::rejected("CLOSED"));
  const std::string why = story.why();
  INFO(why);
  CHECK(why.find("LOCKED") != std::string::npos);
  CHECK(why.find("stuck as well, and helped with --step NAME") != std::string::npos);
  CHECK(why.find("CLOSED") != std::string::npos);
}

TEST_CASE("a timeout that has passed is not announced as one to come") {
  Story story(charged_order);
  story.start().pass(10s);
  CHECK(story.why().find("issued 10s ago") != std::string::npos);
  CHECK(story.why().find("without an answer it times out 30s after it was sent") !=
        std::string::npos);
  story.pass(10min);
  CHECK(story.why().find("issued 10m10s ago") != std::string::npos);
  CHECK(story.why().find("its timeout of 30s has passed, so the participant has asked for more "
                         "time") != std::string::npos);
}

TEST_CASE("an undo whose input cannot be filled in is named as what it is") {
  for (const Case& c : cases()) {
    if (c.standstill != Standstill::undo_unfilled) continue;
    CHECK(c.story().why().find("the input of refund of charge points nowhere") !=
          std::string::npos);
  }
}

TEST_CASE("a patch is put over what of an input could be filled in") {
  Story story(R"({"saga": "t", "version": 1, "steps": [
    {"name": "a", "participant": "p", "action": "a", "compensation": "none",
     "input": {"sku": {"$from": "/input/sku"}, "count": {"$from": "/input/count"},
       "note": {"$from": "/input/note", "default": "-"},
       "parts": [{"$from": "/input/part"}, 7]}}]})",
              {{"count", 3}});
  story.start();
  CHECK(story.saga().status == Status::stuck);
  story.follow("resume --step a --input-patch JSON", {{"sku", "chair"}});
  CHECK(story.body().at("input") ==
        Json{{"sku", "chair"}, {"count", 3}, {"note", "-"}, {"parts", {nullptr, 7}}});
}

TEST_CASE("the documented table of advice is the one that why uses") {
  const std::string schema = SKALD_SCHEMA_FILE;
  std::ifstream file(schema.substr(0, schema.rfind('/')) + "/cli.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  for (const AdviceRow& row : advice_table()) {
    std::string helps;
    for (const Advice advice : row.helps) {
      helps += (helps.empty() ? "" : ", ") + advice_text(advice, "STEP", "ID", "NAME");
    }
    const std::string line = fmt::format("| {} | {} |\n", row.means, helps);
    CHECK_MESSAGE(document.find(line) != std::string::npos, "docs/cli.md lacks: ", line);
  }
}
