// What operators ask for. A request either records something or is refused with a sentence.
#include <fmt/format.h>

#include <algorithm>

#include "decide/decider.hpp"
#include "saga/size.hpp"
#include "skald/limits.hpp"

namespace skald {

using Code = Refused::Code;

bool Decider::refuse_if_ended(const char* verb) {
  if (!is_end(saga_.status)) return false;
  refuse(Code::wrong_state, std::string("cannot ") + verb + ": the saga has ended (" +
                                to_string(saga_.status) + "), and ends are final");
  return true;
}

// A payload that an operator gives must fit beside what the saga holds.
bool Decider::refuse_payload(const char* what, const JsonText& payload) {
  if (has_space(payload.text().size())) return false;
  refuse(Code::invalid,
         fmt::format("{} of {} bytes does not fit: the saga holds {} bytes, at most {} are allowed",
                     what, payload.text().size(), payload_bytes(saga_), saga_bytes_max));
  return true;
}

void Decider::operator()(const SkipRequested& input) {
  if (refuse_if_ended("skip")) return;
  if (input.step >= saga_.steps.size()) {
    refuse(Code::invalid, "skip needs the step it is for: give --step");
    return;
  }
  if (input.output && refuse_payload("the output", *input.output)) return;
  switch (input.as) {
    case SkipRequested::As::compensated: skip_compensation(input); break;
    case SkipRequested::As::skipped:
      if (turning_back()) {
        skip_compensation(input);
      } else {
        skip_forward(input);
      }
      break;
    case SkipRequested::As::succeeded:
    case SkipRequested::As::rejected: decide_by_operator(input); break;
  }
}

// The saga stood still at this very step, and the operator has just removed the reason.
void Decider::leave_stuck(const SkipRequested& input) {
  if (saga_.stuck && saga_.stuck->step == input.step) {
    record(SagaResumed{input.requester, false, no_step, Direction::action, std::nullopt});
  }
}

void Decider::skip_forward(const SkipRequested& input) {
  const StepState& s = state(input.step);
  const std::string& name = step_of(input.step).name;
  if (is_done(s)) {
    refuse(Code::wrong_state, "step " + name + " is done already (" + to_string(s.status) + ")");
    return;
  }
  if (step_of(input.step).kind == StepKind::pivot && may_have_happened(s)) {
    refuse(Code::wrong_state, "step " + name +
                                  " is the pivot and may have happened: say which, "
                                  "with --as succeeded or --as rejected");
    return;
  }
  if (refuse_while_child_runs(input.step)) return;
  if (refuse_before_its_turn(input.step)) return;
  withdraw(input.step, Direction::action);
  withdraw(input.step, Direction::resolve);
  record(OperatorDecided{input.step, "skipped", input.requester});
  leave_stuck(input);
  record(StepSkipped{input.step, input.output, {"SKIPPED", "skipped by an operator", {}}});
  advance();
}

// What is decided before its turn could put the saga past the pivot while it may still turn back,
// and would let the steps after it begin before those before it are done.
bool Decider::refuse_before_its_turn(StepIndex step) {
  const StepSet& before = definition_.shape().before[step];
  if (before.subset_of(saga_.done)) return false;
  std::string first;
  before.each([&](StepIndex i) {
    if (first.empty() && !saga_.done.contains(i)) first = step_of(i).name;
  });
  refuse(Code::wrong_state, "the turn of step " + step_of(step).name + " has not come: step " +
                                first + " is not done yet");
  return true;
}

bool Decider::is_planned(StepIndex step) const {
  return std::find(saga_.undo_plan.begin(), saga_.undo_plan.end(), step) != saga_.undo_plan.end();
}

// The saga turned back because the step had not happened. To say that it has would leave an effect
// that nobody undoes, or put the saga past its pivot while it undoes what came before.
bool Decider::refuse_outside_the_plan(StepIndex step) {
  if (is_planned(step)) return false;
  refuse(Code::wrong_state, "the saga has turned back without step " + step_of(step).name +
                                ", which is not in its undo plan");
  return true;
}

void Decider::skip_compensation(const SkipRequested& input) {
  const StepState& s = state(input.step);
  const std::string& name = step_of(input.step).name;
  if (!turning_back() || !is_planned(input.step)) {
    refuse(Code::wrong_state, "step " + name + " has no compensation under way");
    return;
  }
  if (is_closed(s.compensation)) {
    refuse(Code::wrong_state, "the compensation of step " + name + " is closed already (" +
                                  to_string(s.compensation) + ")");
    return;
  }
  if (refuse_while_child_runs(input.step)) return;
  withdraw(input.step, Direction::action);
  withdraw(input.step, Direction::resolve);
  withdraw(input.step, Direction::compensate);
  const bool confirmed = input.as == SkipRequested::As::compensated;
  record(OperatorDecided{input.step, confirmed ? "compensated" : "skipped", input.requester});
  leave_stuck(input);
  if (s.of(Direction::action).outstanding) {
    record(AttemptUnanswered{{input.step, Direction::action, s.of(Direction::action).made},
                             {"SKIPPED", "an operator closed the step", {}}});
    record(StepInDoubt{input.step, {"SKIPPED", "an operator closed the step", {}}});
  }
  if (confirmed) {
    record(StepCompensated{{input.step, Direction::compensate, 0}});
  } else {
    record(CompensationSkipped{input.step, false});
  }
  advance();
}

void Decider::decide_by_operator(const SkipRequested& input) {
  const StepState& s = state(input.step);
  const std::string& name = step_of(input.step).name;
  const bool stuck_here = saga_.stuck && saga_.stuck->step == input.step &&
                          saga_.stuck->direction != Direction::compensate;
  if (refuse_while_child_runs(input.step)) return;
  const bool undecided = s.status == StepStatus::pending || s.status == StepStatus::waiting ||
                         s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait ||
                         s.status == StepStatus::unknown || (stuck_here && !is_done(s));
  if (!undecided || undo_begun(s)) {
    refuse(Code::wrong_state, "what happened to step " + name + " is decided already (" +
                                  (undecided ? to_string(s.compensation) : to_string(s.status)) +
                                  ")");
    return;
  }
  if (turning_back() ? refuse_outside_the_plan(input.step) : refuse_before_its_turn(input.step)) {
    return;
  }
  const bool succeeded = input.as == SkipRequested::As::succeeded;
  const bool undo_waits = awaits_what_happened(input.step);
  withdraw(input.step, Direction::action);
  withdraw(input.step, Direction::resolve);
  record(OperatorDecided{input.step, succeeded ? "succeeded" : "rejected", input.requester});
  if (undo_waits) {
    record(SagaResumed{input.requester, false, input.step, Direction::compensate, std::nullopt});
  } else {
    leave_stuck(input);
  }
  const AttemptRef by_operator{input.step, Direction::action, 0};
  if (succeeded) {
    record(StepSucceeded{by_operator, input.output.value_or(JsonText{})});
    advance();
    return;
  }
  ErrorInfo error{"REJECTED_BY_OPERATOR", "an operator said it was rejected", {}};
  record(StepRejected{by_operator, error});
  step_failed(input.step, std::move(error));
}

void Decider::operator()(const CancelRequested& input) {
  if (refuse_if_ended("cancel")) return;
  if (turning_back()) {
    refuse(Code::wrong_state, "the saga has turned back already");
    return;
  }
  if (goes_forward_only(definition_, saga_)) {
    refuse(Code::wrong_state,
           "cannot cancel: the saga is past its pivot and only goes forward; skip or abandon");
    return;
  }
  ErrorInfo reason{"CANCELLED", input.requester.reason, {}};
  const StepIndex pivot = definition_.pivot();
  if (pivot == no_step || !may_have_happened(state(pivot))) {
    turn_back(TurnBack{no_step, std::move(reason)}, input.requester);
    return;
  }
  if (saga_.wish) {
    refuse(Code::wrong_state,
           "a wish to turn back is recorded already; it waits for the outcome "
           "of " +
               step_of(pivot).name);
    return;
  }
  record(WishRecorded{std::move(reason), input.requester});
}

void Decider::operator()(const PauseRequested& input) {
  if (refuse_if_ended("pause")) return;
  if (saga_.paused) {
    refuse(Code::wrong_state, "the saga is paused already");
    return;
  }
  record(SagaPaused{input.requester});
}

void Decider::operator()(const AbandonRequested& input) {
  if (refuse_if_ended("abandon")) return;
  for (const AttemptRef& attempt : outstanding_attempts(saga_)) {
    withdraw(attempt.step, attempt.direction);
  }
  record(SagaAbandoned{input.requester});
}

void Decider::operator()(const ReplayRequested& input) {
  if (saga_.parent) {
    refuse(Code::wrong_state, "cannot replay: the saga is a child of saga " +
                                  saga_.parent->saga.to_string() + "; replay that one");
    return;
  }
  const bool failed = saga_.status == Status::compensated || saga_.status == Status::abandoned;
  const bool forceable = saga_.status == Status::stuck || saga_.status == Status::completed;
  if (!failed && !forceable) {
    refuse(Code::wrong_state, std::string("cannot replay: the saga is still ") +
                                  to_string(saga_.status) + "; cancel it or wait for its end");
    return;
  }
  if (forceable && !input.force) {
    refuse(Code::wrong_state,
           std::string("the saga is ") + to_string(saga_.status) +
               ": a replay may double its effects; if that is meant, say --force");
    return;
  }
  if (saga_.replayed_by && !input.force) {
    refuse(Code::wrong_state, "the saga has been replayed already, as " +
                                  saga_.replayed_by->to_string() + "; to do so again, say --force");
    return;
  }
  record(ReplayStarted{input.by, saga_.holds_key});
}

void Decider::operator()(const KeyWanted& input) {
  if (!saga_.holds_key || !is_end(saga_.status)) {
    refuse(Refused::Code::key_conflict, "the saga that holds the key has not ended");
    return;
  }
  record(KeyHandedOver{input.by});
}

}  // namespace skald
