// What time brings: deadlines, and when a saga wants to be woken.
#include <algorithm>

#include "decide/decider.hpp"

namespace skald {

// Once it has begun it goes on, also when the clock is set back. That an operator decided a step
// begins nothing.
bool has_begun(const Saga& saga) {
  return std::any_of(saga.steps.begin(), saga.steps.end(),
                     [](const StepState& s) { return s.started_at.has_value(); });
}

void Decider::check_saga_deadline() {
  const bool forward = saga_.status == Status::pending || saga_.status == Status::running;
  if (!forward || !saga_.deadline || *saga_.deadline > now_ || saga_.wish) return;
  if (goes_forward_only(definition_, saga_)) return;
  ErrorInfo reason{"DEADLINE_EXCEEDED",
                   "the saga did not finish within " + format_duration(*definition_.deadline),
                   {}};
  const StepIndex pivot = definition_.pivot();
  if (pivot != no_step && may_have_happened(saga_.steps[pivot])) {
    record(WishRecorded{std::move(reason), {}});
  } else {
    turn_back(TurnBack{no_step, std::move(reason)}, {});
  }
}

void Decider::check_step_deadlines() {
  if (!definition_.shape().step_timers) return;
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    if (step_of(i).deadline && saga_.status == Status::running) check_step_deadline(i);
  }
}

void Decider::check_step_deadline(StepIndex step) {
  const Attempts& a = state(step).of(Direction::action);
  const bool trying = a.outstanding || a.retry_at;
  if (!trying || !a.round_started_at ||
      later(*a.round_started_at, *step_of(step).deadline) > now_) {
    return;
  }
  if (a.outstanding) {
    withdraw(step, Direction::action);
    record(AttemptUnanswered{
        {step, Direction::action, a.made},
        {"DEADLINE_EXCEEDED",
         "the step did not finish within " + format_duration(*step_of(step).deadline),
         {}}});
  }
  action_exhausted(step);
}

namespace {

// The earliest of what it is offered.
class Earliest {
 public:
  void offer(const std::optional<Time>& at) {
    if (at) best_ = best_ ? std::min(*best_, *at) : *at;
  }
  [[nodiscard]] const std::optional<Time>& best() const { return best_; }

 private:
  std::optional<Time> best_;
};

void offer_step_timers(const Step& step, const StepState& s, Earliest& earliest) {
  const Attempts& a = s.of(Direction::action);
  const bool trying = a.outstanding || a.retry_at;
  if (step.deadline && trying && a.round_started_at) {
    earliest.offer(later(*a.round_started_at, *step.deadline));
  }
  earliest.offer(hedge_due(step, s));
}

}  // namespace

std::optional<Time> hedge_due(const Step& step, const StepState& s) {
  const Attempts& a = s.of(Direction::action);
  const bool more = step.hedge && a.outstanding && s.issued_at &&
                    a.in_round() < std::min(step.hedge->max_attempts, step.retry.max_attempts);
  return more ? std::optional(later(*s.issued_at, step.hedge->delay)) : std::nullopt;
}

std::optional<Time> next_wake(const Definition& definition, const Saga& saga) {
  if (saga.paused || is_end(saga.status) || saga.status == Status::stuck) return std::nullopt;
  Earliest earliest;
  const bool forward = saga.status != Status::compensating;
  if (forward && !saga.wish && !goes_forward_only(definition, saga)) earliest.offer(saga.deadline);
  if (forward && saga.not_before && !has_begun(saga)) earliest.offer(saga.not_before);
  // On the way back only the entries whose turn it is can do anything; a later one may have a
  // resolve that is due, and waits for its turn.
  const StepSet undoing = forward ? StepSet{} : undo_turns(definition, saga);
  saga.timed.each([&](StepIndex i) {
    if (!forward && !undoing.contains(i)) return;
    for (const Attempts& a : saga.steps[i].attempts) earliest.offer(a.retry_at);
    earliest.offer(saga.steps[i].wake_at);
  });
  if (definition.shape().step_timers && saga.status == Status::running) {
    saga.begun.each([&](StepIndex i) {
      if (!saga.done.contains(i)) {
        offer_step_timers(definition.steps[i], saga.steps[i], earliest);
      }
    });
  }
  return earliest.best();
}

bool may_issue(const Definition& definition, const Saga& saga, Time now) {
  const bool forward = saga.status == Status::pending || saga.status == Status::running;
  if (saga.paused || (!forward && saga.status != Status::compensating)) return false;
  if (forward && !saga.locks.empty() && !saga.holds_locks) return true;  // May be its turn by now.
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    const StepState& s = saga.steps[i];
    const auto due = [&](Direction d) { return s.of(d).retry_at && *s.of(d).retry_at <= now; };
    if (due(Direction::action) || due(Direction::compensate) || due(Direction::resolve))
      return true;
    const bool fresh = s.status == StepStatus::pending || s.status == StepStatus::unknown;
    const bool begins = !saga.failing || s.status != StepStatus::pending;
    const bool ready = forward && begins && definition.shape().before[i].subset_of(saga.done);
    if (fresh && ready) return true;
    if (!forward && s.compensation == CompensationStatus::pending) return true;
  }
  return false;
}

}  // namespace skald
