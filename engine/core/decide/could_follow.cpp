#include "skald/could_follow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schema/input_schema.hpp"
#include "skald/decide.hpp"
#include "skald/expansion.hpp"

namespace skald {

namespace {

// What was asked of whom: equal in two definitions when the participant could not tell them apart,
// but for the input.
std::string command_of(const Definition& definition, StepIndex index, Direction direction) {
  const Step& step = definition.steps[index];
  const std::string& action = direction == Direction::action ? step.action
                              : direction == Direction::resolve
                                  ? step.resolve
                                  : (step.compensation ? step.compensation->action : step.name);
  return fmt::format("{} of step {} at {}", action, step.name, step.participant);
}

class Follower {
 public:
  Follower(const Definition& recorded, DefinitionPtr candidate)
      : recorded_(recorded), candidate_(std::move(candidate)) {}

  std::optional<Divergence> follow(const std::vector<JournalRow>& rows) {
    for (const JournalRow& row : rows) {
      now_ = row.at;
      issued_.clear();
      expected_.clear();
      by_operator_ = no_step;
      for (const Event& event : row.events) {
        std::visit([this](const auto& e) { tell(e); }, event);
        if (abandoned_) return std::nullopt;
        if (problem_) return Divergence{row.version, *problem_};
        evolve(old_, event, row.at);
      }
      if (auto what = compare()) return Divergence{row.version, *std::move(what)};
    }
    return std::nullopt;
  }

 private:
  // What the recorded saga did by itself says nothing about what it was told.
  template <typename E>
  void tell(const E&) {}

  void tell(const SagaStarted& e) {
    auto effective = effective_definition(candidate_, e.input);
    if (const auto* problem = std::get_if<std::string>(&effective)) {
      problem_ = fmt::format("would have refused the start: the input {}", *problem);
      return;
    }
    candidate_ = std::get<DefinitionPtr>(effective);
    if (candidate_->input_schema) {
      const InputSchema schema = InputSchema::of(*candidate_->input_schema);
      if (const auto unfit = schema.problem_of(e.input.value())) {
        problem_ = "would have refused the start: " + *unfit;
        return;
      }
    }
    StartRequested start{e.id, e.key, e.input, e.replay_of, {}, e.requester};
    start.parent = e.parent;
    start.root = e.root;
    start.depth = e.depth;
    for (const CarriedOutput& carried : e.carried) {
      if (const auto step = theirs(carried.step)) start.carried.push_back({*step, carried.output});
    }
    decide_on(start);
  }

  void tell(const CommandIssued& e) {
    expected_.push_back(command_of(recorded_, e.attempt.step, e.attempt.direction));
    // The candidate may wait longer between attempts; that is no other way.
    const auto step = theirs(e.attempt.step);
    if (step && saga_.steps[*step].of(e.attempt.direction).retry_at) {
      decide_on(RetryRequested{{}, *step});
    }
  }
  void tell(const ChildStarted& e) {
    expected_.push_back("child saga of step " + recorded_.steps[e.attempt.step].name);
  }

  void tell(const AttemptFailed& e) { reply(e.attempt, Outcome::failed(e.error.code)); }
  void tell(const LateFailure& e) { reply(e.attempt, Outcome::failed(e.error.code)); }
  void tell(const AttemptUnanswered& e) { reply(e.attempt, Outcome::unknown(e.error.code)); }
  void tell(const AttemptInterrupted& e) {
    const auto step = theirs(e.attempt.step);
    if (!step) return;
    const std::uint32_t made = saga_.steps[*step].of(e.attempt.direction).made;
    decide_on(ProcessEnded{{*step, e.attempt.direction, made}, e.for_good});
  }
  void tell(const StepRejected& e) {
    if (e.attempt.attempt == 0) return;
    if (!child_ended(e.attempt, Status::compensated, {})) {
      reply(e.attempt, Outcome::rejected(e.error.code));
    }
  }
  void tell(const StepCompensated& e) {
    if (e.attempt.attempt == 0) return;
    if (!child_ended(e.attempt, Status::compensated, {})) reply(e.attempt, Outcome::success());
  }
  void tell(const StepInDoubt& e) { (void)child_ended({e.step}, Status::abandoned, {}); }

  void tell(const StepSucceeded& e) {
    if (e.attempt.step == by_operator_) return;
    if (child_ended(e.attempt, Status::completed, e.output)) return;
    const Step& step = recorded_.steps[e.attempt.step];
    if (step.as<Sleep>() || step.as<WaitFor>()) {
      // However long the candidate's wait is, here it ends.
      const auto same = theirs(e.attempt.step);
      if (same && saga_.steps[*same].status == StepStatus::waiting) {
        decide_on(SkipRequested{{}, *same, SkipRequested::As::succeeded, e.output});
      }
    } else if (!step.as<Gather>()) {
      Outcome outcome = Outcome::success();
      outcome.output = e.output;
      reply(e.attempt, outcome);
    }
  }
  void tell(const StepFailed& e) {
    const auto same = theirs(e.step);
    const bool waits = recorded_.steps[e.step].as<WaitFor>() != nullptr;
    if (waits && same && saga_.steps[*same].wake_at) {
      now_ = std::max(now_, *saga_.steps[*same].wake_at);
      decide_on(Woken{});
    }
  }

  void tell(const OperatorDecided& e) {
    if (e.verdict == "carried over") return;  // Told with the start.
    by_operator_ = e.step;
    const auto step = theirs(e.step);
    if (!step) return;
    using As = SkipRequested::As;
    const As as = e.verdict == "succeeded"     ? As::succeeded
                  : e.verdict == "rejected"    ? As::rejected
                  : e.verdict == "compensated" ? As::compensated
                                               : As::skipped;
    decide_on(SkipRequested{e.requester, *step, as, {}});
  }
  void tell(const SagaTurnedBack& e) {
    // By an operator, a deadline or a parent; whatever failed has been told already.
    if (e.cause.step != no_step) return;
    if (e.cause.error.code == "PARENT_TURNED_BACK") {
      decide_on(ParentTurnedBack{e.cause.error});
    } else if (!saga_.wish) {
      decide_on(CancelRequested{e.requester});
    }
  }
  void tell(const WishRecorded& e) { decide_on(CancelRequested{e.requester}); }
  void tell(const SagaPaused& e) { decide_on(PauseRequested{e.requester}); }
  void tell(const SagaResumed& e) {
    if (by_operator_ != no_step) return;
    decide_on(ResumeRequested{e.requester, theirs(e.step).value_or(no_step), e.input_patch});
  }
  void tell(const SignalKept& e) { decide_on(SignalReceived{e.name, e.data, e.requester, e.id}); }
  void tell(const SagaAbandoned&) { abandoned_ = true; }

  // The candidate's step of the same name.
  [[nodiscard]] std::optional<StepIndex> theirs(StepIndex step) const {
    if (step >= recorded_.steps.size()) return std::nullopt;
    return candidate_->find(recorded_.steps[step].name);
  }

  void reply(const AttemptRef& attempt, const Outcome& outcome) {
    const auto step = theirs(attempt.step);
    if (!step) return;
    const std::uint32_t made = saga_.steps[*step].of(attempt.direction).made;
    decide_on(ReplyReceived{{*step, attempt.direction, made}, outcome});
  }

  bool child_ended(const AttemptRef& attempt, Status status, const JsonText& output) {
    if (!recorded_.steps[attempt.step].as<ChildSaga>()) return false;
    const auto step = theirs(attempt.step);
    if (step && saga_.steps[*step].child) {
      decide_on(ChildEnded{{*step, Direction::action, attempt.attempt},
                           *saga_.steps[*step].child,
                           status,
                           output,
                           {}});
    }
    return true;
  }

  void decide_on(const Input& input) {
    const Decision decision = decide(*candidate_, saga_, input, now_, OpenAdmission{});
    for (const Event& event : decision.events) {
      if (const auto* issued = std::get_if<CommandIssued>(&event)) {
        issued_.push_back(command_of(*candidate_, issued->attempt.step, issued->attempt.direction));
      } else if (const auto* child = std::get_if<ChildStarted>(&event)) {
        issued_.push_back("child saga of step " + candidate_->steps[child->attempt.step].name);
      } else if (const auto* stuck = std::get_if<SagaStuck>(&event)) {
        stuck_ = stuck->why.error.message;
      }
    }
  }

  // What was issued may come in another row when several branches are ready or participants were
  // busy; so what is left over is carried to the next row, and only a command that the other side
  // never issues by then tells the two apart.
  std::optional<std::string> compare() {
    for (const std::string& command : issued_) ahead_.push_back(command);
    for (const std::string& command : expected_) {
      const auto found = std::find(ahead_.begin(), ahead_.end(), command);
      if (found == ahead_.end()) {
        const std::string instead =
            !ahead_.empty()  ? fmt::format("; it would have issued {}", ahead_.front())
            : stuck_.empty() ? fmt::format("; it would have been {}", to_string(saga_.status))
                             : fmt::format("; it would have been stuck: {}", stuck_);
        return fmt::format("the saga issued {}{}", command, instead);
      }
      ahead_.erase(found);
    }
    const bool ended = is_end(old_.status) || old_.status == Status::stuck;
    if (ended && !ahead_.empty()) {
      return fmt::format("it would have issued {} where the saga was {}", ahead_.front(),
                         to_string(old_.status));
    }
    return std::nullopt;
  }

  const Definition& recorded_;
  DefinitionPtr candidate_;
  Saga old_;   // As it was recorded.
  Saga saga_;  // As the candidate goes.
  Time now_{};
  std::vector<std::string> issued_;    // By the candidate, in this row.
  std::vector<std::string> expected_;  // By the recorded saga, in this row.
  std::vector<std::string> ahead_;     // By the candidate, and not yet by the recorded saga.
  std::optional<std::string> problem_;
  std::string stuck_;
  StepIndex by_operator_ = no_step;
  bool abandoned_ = false;
};

}  // namespace

std::optional<Divergence> first_divergence(const DefinitionPtr& recorded,
                                           const std::vector<JournalRow>& rows,
                                           const DefinitionPtr& candidate) {
  if (rows.empty() || rows.front().events.empty()) return std::nullopt;
  const auto* started = std::get_if<SagaStarted>(&rows.front().events.front());
  if (!started) return std::nullopt;
  const auto effective = effective_definition(recorded, started->input);
  const auto* steps = std::get_if<DefinitionPtr>(&effective);
  if (!steps) return std::nullopt;
  return Follower{**steps, candidate}.follow(rows);
}

}  // namespace skald
