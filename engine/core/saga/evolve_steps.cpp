// What facts change of one step.
#include <algorithm>
#include <limits>

#include "saga/evolver.hpp"

namespace skald {

void Evolver::operator()(const CommandIssued& e) {
  Attempts& a = attempts(e.attempt);
  a.made = e.attempt.attempt;
  a.round = e.round;
  a.outstanding = true;
  a.retry_at.reset();
  if (!a.round_started_at) a.round_started_at = at_;
  StepState& s = step(e.attempt.step);
  switch (e.attempt.direction) {
    case Direction::action:
      begin(e.attempt.step, StepStatus::dispatched);
      s.issued_at = at_;
      break;
    case Direction::compensate:
      s.compensation = CompensationStatus::dispatched;
      if (!s.undo_started_at) s.undo_started_at = at_;
      break;
    case Direction::resolve: break;
  }
  if (saga_.status == Status::pending) saga_.status = Status::running;
  note_timer(e.attempt.step);
}

void Evolver::operator()(const AttemptFailed& e) {
  Attempts& a = attempts(e.attempt);
  a.outstanding = false;
  a.error = e.error;
}

void Evolver::operator()(const AttemptUnanswered& e) {
  Attempts& a = attempts(e.attempt);
  a.outstanding = false;
  a.unanswered.push_back(e.attempt.attempt);
  a.error = e.error;
}

void Evolver::operator()(const LateFailure& e) {
  std::erase(attempts(e.attempt).unanswered, e.attempt.attempt);
}

void Evolver::operator()(const RetryScheduled& e) {
  StepState& s = step(e.step);
  s.of(e.direction).retry_at = e.at;
  if (e.direction == Direction::action) s.status = StepStatus::retry_wait;
  if (e.direction == Direction::compensate) s.compensation = CompensationStatus::retry_wait;
  saga_.timed.insert(e.step);
}

void Evolver::operator()(const StepSucceeded& e) {
  StepState& s = decide_action(e.attempt.step, StepStatus::succeeded);
  s.output = e.output;
  s.error.reset();
  s.of(Direction::action).unanswered.clear();
  if (saga_.wish && saga_.status != Status::compensating) saga_.wish.reset();
}

void Evolver::operator()(const StepRejected& e) {
  if (e.attempt.direction == Direction::compensate) {
    Attempts& a = attempts(e.attempt);
    a.outstanding = false;
    a.retry_at.reset();
    a.error = e.error;
    a.before_round = a.made;  // The refusal has ended the round.
    a.interrupted = 0;
    note_timer(e.attempt.step);
    return;
  }
  StepState& s = decide_action(e.attempt.step, StepStatus::rejected);
  s.error = e.error;
  s.of(Direction::action).unanswered.clear();
}

void Evolver::operator()(const StepFailed& e) {
  decide_action(e.step, StepStatus::failed).error = e.error;
}

void Evolver::operator()(const StepInDoubt& e) {
  StepState& s = decide_action(e.step, StepStatus::unknown);
  s.error = e.error;
  // A child that was abandoned may have left effects, also when its step is left out then.
  if (s.child) s.of(Direction::action).unanswered.push_back(s.of(Direction::action).made);
}

void Evolver::operator()(const StepSkipped& e) {
  Attempts& a = step(e.step).of(Direction::action);
  if (a.outstanding) a.unanswered.push_back(a.made);
  StepState& s = decide_action(e.step, StepStatus::skipped);
  s.output = e.output;
  s.error = e.error;
}

void Evolver::operator()(const StepCompensated& e) {
  StepState& s = close_compensation(e.attempt.step, CompensationStatus::compensated);
  s.of(Direction::compensate).error.reset();
  if (e.attempt.attempt == 0) s.undo_forced = true;
}

void Evolver::operator()(const CompensationSkipped& e) {
  StepState& s = close_compensation(e.step, CompensationStatus::skipped);
  if (!e.no_effect) s.undo_forced = true;
}

void Evolver::operator()(const RetryHastened& e) {
  step(e.step).of(e.direction).retry_at = at_;
  saga_.timed.insert(e.step);
}

void Evolver::operator()(const StepWaiting& e) {
  begin(e.step, StepStatus::waiting);
  step(e.step).wake_at = e.until;
  note_timer(e.step);
}

void Evolver::operator()(const ChildStarted& e) {
  begin(e.attempt.step, StepStatus::waiting);
  StepState& s = step(e.attempt.step);
  s.child = e.child;
  s.of(Direction::action).made = e.attempt.attempt;
}

void Evolver::operator()(const ChildTurnedBack& e) {
  StepState& s = step(e.attempt.step);
  Attempts& a = attempts(e.attempt);
  a.made = e.attempt.attempt;
  a.error.reset();
  s.compensation = CompensationStatus::dispatched;
  if (!s.undo_started_at) s.undo_started_at = at_;
}

void Evolver::operator()(const AttemptHedged& e) {
  Attempts& a = attempts(e.attempt);
  a.outstanding = false;
  a.unanswered.push_back(e.attempt.attempt);
}

void Evolver::operator()(const AttemptInterrupted& e) {
  std::uint8_t& interrupted = attempts(e.attempt).interrupted;
  if (interrupted < std::numeric_limits<std::uint8_t>::max()) ++interrupted;
}

void Evolver::begin(StepIndex index, StepStatus status) {
  StepState& s = step(index);
  s.status = status;
  if (!s.started_at) s.started_at = at_;
  saga_.begun.insert(index);
  if (saga_.status == Status::pending) saga_.status = Status::running;
}

void Evolver::note_timer(StepIndex index) {
  const StepState& s = saga_.steps[index];
  const bool retries = std::any_of(s.attempts.begin(), s.attempts.end(),
                                   [](const Attempts& a) { return a.retry_at.has_value(); });
  if (retries || s.wake_at) {
    saga_.timed.insert(index);
  } else {
    saga_.timed.erase(index);
  }
}

StepState& Evolver::decide_action(StepIndex index, StepStatus status) {
  StepState& s = step(index);
  s.status = status;
  s.ended_at = at_;
  s.decided = ++saga_.decided;
  s.wake_at.reset();
  for (Direction d : {Direction::action, Direction::resolve}) {
    s.of(d).outstanding = false;
    s.of(d).retry_at.reset();
  }
  const bool done = status == StepStatus::succeeded || status == StepStatus::skipped;
  if (done) {
    saga_.done.insert(index);
    saga_.begun.insert(index);
  }
  // A saga whose first steps send no command gets under way here. With a step that an operator
  // put behind it, it still waits for its time, which only a pending one does.
  const bool delayed = done && saga_.not_before && *saga_.not_before > at_;
  if (saga_.status == Status::pending && !delayed) saga_.status = Status::running;
  note_timer(index);
  return s;
}

StepState& Evolver::close_compensation(StepIndex index, CompensationStatus status) {
  StepState& s = step(index);
  s.compensation = status;
  s.undo_ended_at = at_;
  s.of(Direction::compensate).outstanding = false;
  s.of(Direction::compensate).retry_at.reset();
  note_timer(index);
  return s;
}

void Evolver::stop_trying(StepIndex index, bool await_answer) {
  StepState& s = saga_.steps[index];
  Attempts& a = s.of(Direction::action);
  a.retry_at.reset();
  s.wake_at.reset();
  if (!await_answer) {
    // Nobody acts on what became of it any more.
    s.of(Direction::resolve).outstanding = false;
    s.of(Direction::resolve).retry_at.reset();
  }
  note_timer(index);
  const bool child_runs = s.status == StepStatus::waiting && s.child.has_value();
  if ((a.outstanding || child_runs) && await_answer) return;
  if (a.outstanding) {
    a.outstanding = false;
    a.unanswered.push_back(a.made);
  }
  const bool undecided = s.status == StepStatus::pending || s.status == StepStatus::waiting ||
                         s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait;
  if (!undecided) return;
  s.status = a.unanswered.empty() ? StepStatus::cancelled : StepStatus::unknown;
  if (a.made > 0 || s.started_at) s.ended_at = at_;
  if (!s.error) s.error = a.error;
}

void Evolver::begin_round(StepIndex index, Direction direction) {
  StepState& s = step(index);
  Attempts& a = s.of(direction);
  a.before_round = a.made;
  a.interrupted = 0;
  ++a.round;
  a.round_started_at.reset();
  a.retry_at.reset();
  note_timer(index);
  if (direction == Direction::compensate) {
    s.compensation = CompensationStatus::pending;
  } else {
    s.status = StepStatus::pending;
    s.ended_at.reset();
    s.error.reset();
    // A new round may ask anew what became of the action.
    Attempts& resolve = s.of(Direction::resolve);
    resolve.before_round = resolve.made;
    resolve.interrupted = 0;
    resolve.round = a.round;
    resolve.round_started_at.reset();
  }
}

}  // namespace skald
