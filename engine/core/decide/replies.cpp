// What attempts came to: replies, timeouts, retries, exhaustion.
#include <fmt/format.h>

#include <algorithm>

#include "decide/decider.hpp"
#include "skald/limits.hpp"

namespace skald {
namespace {

constexpr auto process_ended = "PROCESS_ENDED";

bool is_definitive(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::success || outcome.kind == OutcomeKind::rejected;
}

}  // namespace

std::string undo_name(const Step& step) { return step.compensation->action + " of " + step.name; }

void Decider::operator()(const ReplyReceived& input) {
  const AttemptRef& attempt = input.attempt;
  if (attempt.step >= saga_.steps.size()) return;
  if (!step_of(attempt.step).as<Call>()) return;  // Nobody was asked.
  // After the end, an answer can only contradict what was told before.
  const bool abandoned = saga_.status == Status::abandoned;
  if (abandoned || (is_end(saga_.status) && !is_definitive(input.outcome))) return;
  everything_ = false;
  if (attempt.attempt == 0 || attempt.attempt > state(attempt.step).of(attempt.direction).made) {
    return;
  }
  switch (attempt.direction) {
    case Direction::action: action_reply(attempt, input.outcome); break;
    case Direction::compensate: compensation_reply(attempt, input.outcome); break;
    case Direction::resolve: resolve_reply(attempt, input.outcome); break;
  }
}

void Decider::operator()(const AttemptTimedOut& input) {
  const AttemptRef& attempt = input.attempt;
  if (is_end(saga_.status) || attempt.step >= saga_.steps.size()) return;
  const Step& step = step_of(attempt.step);
  everything_ = false;
  const Attempts& a = state(attempt.step).of(attempt.direction);
  // Nobody waits for it any more: where it runs in this process, it may stop.
  if (a.outstanding && a.made == attempt.attempt) {
    decision_.effects.emplace_back(WithdrawCommand{attempt});
  }
  inconclusive(attempt,
               Outcome::unknown("TIMEOUT", "no answer within " + format_duration(attempt_timeout(
                                                                     step, attempt.direction))));
}

void Decider::operator()(const ProcessEnded& input) {
  const AttemptRef& attempt = input.attempt;
  if (is_end(saga_.status) || attempt.step >= saga_.steps.size()) return;
  const Attempts& a = state(attempt.step).of(attempt.direction);
  if (!a.outstanding || a.made != attempt.attempt) return;
  everything_ = false;
  record(AttemptInterrupted{attempt, input.for_good});
  if (!input.for_good) {
    decision_.effects.emplace_back(SendAgain{attempt});
    return;
  }
  const Step& step = step_of(attempt.step);
  ErrorInfo error{
      process_ended,
      fmt::format("the engine's process ended {} times while it ran {} of {}; it is "
                  "not run again, since it may be what ends the process",
                  a.interrupted, action_name(step, attempt.direction), step.participant),
      {}};
  record(AttemptUnanswered{attempt, error});
  attempt_ended(attempt, error, {}, true);
}

void Decider::operator()(const MessageUnusable& input) {
  if (saga_.unusable_count >= unusable_noted_max) return;
  record(MessageQuarantined{input.step, input.reason, input.detail});
}

// --- Actions ---------------------------------------------------------------------------------

void Decider::action_reply(const AttemptRef& attempt, const Outcome& outcome) {
  if (is_definitive(outcome)) {
    definitive_action(attempt, outcome);
  } else {
    inconclusive(attempt, outcome);
  }
}

void Decider::definitive_action(const AttemptRef& attempt, const Outcome& outcome) {
  const StepState& s = state(attempt.step);
  const bool success = outcome.kind == OutcomeKind::success;
  // A remembered rejection binds only its own round.
  if (!success && attempt.attempt <= s.of(Direction::action).before_round) return;
  switch (s.status) {
    case StepStatus::succeeded:
    case StepStatus::rejected:
    case StepStatus::failed: {
      const bool repeats =
          success ? s.status == StepStatus::succeeded : s.status != StepStatus::succeeded;
      if (!repeats && !saga_.contradicted) record(ContradictionSeen{attempt, outcome.kind});
      return;
    }
    case StepStatus::skipped:
    case StepStatus::cancelled: return;
    case StepStatus::pending:
    case StepStatus::waiting:
    case StepStatus::dispatched:
    case StepStatus::retry_wait:
    case StepStatus::unknown: break;
  }
  if (undo_begun(s) || is_end(saga_.status)) return;
  const Attempts& action = s.of(Direction::action);
  if (action.outstanding && action.made != attempt.attempt) {
    withdraw(attempt.step, Direction::action);
  }
  withdraw(attempt.step, Direction::resolve);
  decide_action(attempt, outcome);
}

// The action is known to have succeeded, or to have been refused without effect.
void Decider::decide_action(const AttemptRef& attempt, const Outcome& outcome) {
  const bool undo_waits = awaits_what_happened(attempt.step);
  if (outcome.kind == OutcomeKind::success) {
    record(StepSucceeded{attempt, outcome.output});
  } else {
    record(StepRejected{attempt, outcome.error});
  }
  if (undo_waits) {
    record(SagaResumed{{}, false, attempt.step, Direction::compensate, std::nullopt});
  }
  if (outcome.kind == OutcomeKind::success) {
    advance();
  } else {
    step_failed(attempt.step, outcome.error);
  }
}

// The undo of a step could not be filled in, for which nobody knew what the step had done.
bool Decider::awaits_what_happened(StepIndex step) const {
  return saga_.stuck && saga_.stuck->step == step &&
         saga_.stuck->direction == Direction::compensate && saga_.stuck->error.code == "TEMPLATE" &&
         !undo_begun(saga_.steps[step]);
}

void Decider::inconclusive(const AttemptRef& attempt, const Outcome& outcome) {
  const Attempts& a = state(attempt.step).of(attempt.direction);
  const bool current = a.outstanding && a.made == attempt.attempt;
  if (!current) {
    const bool was_unanswered =
        std::find(a.unanswered.begin(), a.unanswered.end(), attempt.attempt) != a.unanswered.end();
    if (outcome.kind == OutcomeKind::failed && was_unanswered) {
      record(LateFailure{attempt, outcome.error});
      advance();
    }
    return;
  }
  switch (outcome.kind) {
    case OutcomeKind::pending:
      decision_.effects.emplace_back(ExtendAttempt{attempt, outcome.lease});
      return;
    case OutcomeKind::failed: record(AttemptFailed{attempt, outcome.error}); break;
    case OutcomeKind::unknown: record(AttemptUnanswered{attempt, outcome.error}); break;
    case OutcomeKind::success:
    case OutcomeKind::rejected: return;  // Definitive; handled elsewhere.
  }
  attempt_ended(attempt, outcome.error, outcome.retry_after, outcome.final_failure);
}

void Decider::attempt_ended(const AttemptRef& attempt, const ErrorInfo& error,
                            std::optional<Duration> retry_after, bool final_failure) {
  if (saga_.wish && !may_have_happened(state(definition_.pivot()))) {
    fulfil_wish();
    return;
  }
  const bool in_flight_at_the_turn = attempt.direction == Direction::action && turning_back();
  if (!final_failure && !in_flight_at_the_turn && schedule_retry(attempt, error, retry_after)) {
    advance();  // The wish may be fulfilled now, or the delay may be nothing.
    return;
  }
  switch (attempt.direction) {
    case Direction::action: action_exhausted(attempt.step); break;
    case Direction::compensate: {
      const std::string what = !final_failure                ? " failed for good: "
                               : error.code == process_ended ? " ends the engine's process: "
                                                             : " could not be delivered: ";
      get_stuck(attempt.step, Direction::compensate,
                {error.code, undo_name(step_of(attempt.step)) + what + error.code, error.data});
      break;
    }
    case Direction::resolve:
      if (turning_back()) {
        go_back();
      } else {
        step_in_doubt(attempt.step, state(attempt.step).error.value_or(error));
      }
      break;
  }
}

bool Decider::schedule_retry(const AttemptRef& attempt, const ErrorInfo& error,
                             std::optional<Duration> retry_after) {
  const RetryPolicy& retry = policy(attempt.step, attempt.direction);
  const Attempts& a = state(attempt.step).of(attempt.direction);
  if (a.in_round() >= retry.max_attempts || !worth_retrying(retry, error.code)) return false;
  const std::string seed =
      CommandId{saga_.id, step_of(attempt.step).name, attempt.direction, attempt.attempt}
          .to_string();
  const Time due = later(now_, retry_delay(retry, a.in_round(), seed, retry_after));
  if (retry.max_elapsed && due - a.round_started_at.value_or(now_) > *retry.max_elapsed) {
    return false;
  }
  const auto& deadline = step_of(attempt.step).deadline;
  if (attempt.direction == Direction::action && deadline &&
      due >= later(a.round_started_at.value_or(now_), *deadline)) {
    return false;
  }
  record(RetryScheduled{attempt.step, attempt.direction, due});
  return true;
}

void Decider::action_exhausted(StepIndex step) {
  const Attempts& a = state(step).of(Direction::action);
  ErrorInfo error = a.error.value_or(ErrorInfo{"UNKNOWN", "", {}});
  if (a.unanswered.empty()) {
    record(StepFailed{step, error});
    step_failed(step, std::move(error));
    return;
  }
  record(StepInDoubt{step, error});
  if (!step_of(step).resolve.empty()) {
    advance();
  } else {
    step_in_doubt(step, std::move(error));
  }
}

// The step definitely had no effect: what its policy says happens next. A saga that has turned back
// goes on undoing; one that stands still takes it up when it is resumed.
void Decider::step_failed(StepIndex step, ErrorInfo error) {
  if (saga_.status != Status::running) {
    advance();
    return;
  }
  if (saga_.wish) {
    fulfil_wish();
    return;
  }
  switch (step_of(step).on_failure.action) {
    case OnFailure::Action::compensate:
      turn_back_or_finish(TurnBack{step, std::move(error)});
      break;
    case OnFailure::Action::stuck: get_stuck(step, Direction::action, std::move(error)); break;
    case OnFailure::Action::skip:
    case OnFailure::Action::fallback: skip_or_fall_back(step, std::move(error)); break;
  }
}

// The step may have happened and nobody can tell. The pivot is never guessed.
void Decider::step_in_doubt(StepIndex step, ErrorInfo error) {
  const bool forward = saga_.status == Status::running;
  const bool guessing = forward && step_of(step).kind == StepKind::pivot;
  if (guessing) {
    get_stuck(step, Direction::action, std::move(error));
  } else {
    step_failed(step, std::move(error));
  }
}

void Decider::skip_or_fall_back(StepIndex step, ErrorInfo error) {
  const OnFailure& on_failure = step_of(step).on_failure;
  std::optional<JsonText> output;
  if (on_failure.action == OnFailure::Action::fallback) output = on_failure.fallback;
  record(StepSkipped{step, std::move(output), std::move(error)});
  advance();
}

// --- Compensations ---------------------------------------------------------------------------

void Decider::compensation_reply(const AttemptRef& attempt, const Outcome& outcome) {
  const StepState& s = state(attempt.step);
  const bool closed = is_closed(s.compensation) || s.compensation == CompensationStatus::none;
  if (closed) {
    // A refusal binds only its own round.
    const bool binds = attempt.attempt > s.of(Direction::compensate).before_round;
    const bool contradicts = outcome.kind == OutcomeKind::rejected && binds && !s.undo_forced &&
                             s.compensation == CompensationStatus::compensated;
    if (contradicts && !saga_.contradicted) record(ContradictionSeen{attempt, outcome.kind});
    return;
  }
  const Attempts& a = s.of(Direction::compensate);
  if (outcome.kind == OutcomeKind::success) {
    // Stuck after exhaustion, the round is still open and a late success welcome, of whichever
    // round; a refusal was definitive and closed its round.
    const bool refused = s.compensation == CompensationStatus::stuck && a.in_round() == 0;
    if (refused) {
      if (!saga_.contradicted) record(ContradictionSeen{attempt, outcome.kind});
      return;
    }
    if (a.made != attempt.attempt) withdraw(attempt.step, Direction::compensate);
    record(StepCompensated{attempt});
    advance();
    return;
  }
  if (outcome.kind != OutcomeKind::rejected) {
    inconclusive(attempt, outcome);
    return;
  }
  const bool stale =
      attempt.attempt <= a.before_round || s.compensation == CompensationStatus::stuck;
  if (stale) return;
  if (a.made != attempt.attempt) withdraw(attempt.step, Direction::compensate);
  record(StepRejected{attempt, outcome.error});
  const std::string detail = outcome.error.message.empty()
                                 ? outcome.error.code
                                 : outcome.error.code + " (" + outcome.error.message + ")";
  get_stuck(attempt.step, Direction::compensate,
            {outcome.error.code, undo_name(step_of(attempt.step)) + " was refused: " + detail,
             outcome.error.data});
}

// --- Resolves --------------------------------------------------------------------------------

void Decider::resolve_reply(const AttemptRef& attempt, const Outcome& outcome) {
  const StepState& s = state(attempt.step);
  // Decided meanwhile, or nobody needs to know any more.
  if (s.status != StepStatus::unknown || is_end(saga_.status)) return;
  if (!is_definitive(outcome)) {
    inconclusive(attempt, outcome);
    return;
  }
  if (undo_begun(s)) return;
  if (s.of(Direction::resolve).made != attempt.attempt) withdraw(attempt.step, Direction::resolve);
  decide_action(attempt, outcome);
}

}  // namespace skald
