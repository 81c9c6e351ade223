// decide(): dispatch, start, and what time brings.
#include <algorithm>

#include "decider.hpp"

namespace skald {

Decision decide(const Definition& definition, Saga& saga, const Input& input, Time now,
                const Admission& admission) {
  Decider decider{definition, saga, now, admission};
  std::visit(decider, input);
  return decider.finish();
}

Decision Decider::finish() {
  if (!decision_.events.empty()) {
    ++saga_.version;
    saga_.updated_at = now_;
  }
  return std::move(decision_);
}

void Decider::refuse(Refused::Code code, std::string message) {
  decision_.refusal = Refusal{code, std::move(message)};
}

void Decider::withdraw(StepIndex step, Direction direction) {
  const Attempts& a = saga_.steps[step].of(direction);
  if (a.outstanding) {
    decision_.effects.emplace_back(WithdrawCommand{AttemptRef{step, direction, a.made}});
  }
}

void Decider::operator()(const StartRequested& input) {
  SagaStarted started;
  started.id = input.id;
  started.type = definition_.type;
  started.definition_version = definition_.version;
  started.definition = definition_.digest();
  started.step_count = static_cast<std::uint32_t>(definition_.steps.size());
  started.key = input.key;
  started.input = input.input;
  if (definition_.deadline) started.deadline = now_ + *definition_.deadline;
  started.replay_of = input.replay_of;
  started.carried = input.carried;
  started.requester = input.requester;
  record(std::move(started));
  advance();
}

void Decider::operator()(const Woken&) {
  if (is_end(saga_.status) || saga_.paused) return;
  check_saga_deadline();
  check_step_deadline();
  advance();
}

void Decider::advance() {
  if (saga_.status == Status::pending || saga_.status == Status::running) {
    go_forward();
  } else if (saga_.status == Status::compensating) {
    go_back();
  }
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

void Decider::check_step_deadline() {
  if (saga_.status != Status::running) return;
  const StepIndex step = first_open_step(saga_);
  if (step >= definition_.steps.size() || !step_of(step).deadline) return;
  const Attempts& a = state(step).of(Direction::action);
  const bool trying = a.outstanding || a.retry_at;
  if (!trying || !a.round_started_at || *a.round_started_at + *step_of(step).deadline > now_) {
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

bool Decider::turning_back() const {
  return saga_.status == Status::compensating ||
         (saga_.stuck && saga_.stuck->resumes_to == Status::compensating);
}

const RetryPolicy& Decider::policy(StepIndex step, Direction direction) const {
  const Step& s = step_of(step);
  return direction == Direction::compensate ? s.compensation->retry : s.retry;
}

bool may_have_happened(const StepState& s) {
  const Attempts& a = s.of(Direction::action);
  return s.status == StepStatus::succeeded || a.outstanding || !a.unanswered.empty();
}

StepIndex first_open_step(const Saga& saga) {
  const auto open = std::find_if_not(saga.steps.begin(), saga.steps.end(), is_done);
  return static_cast<StepIndex>(open - saga.steps.begin());
}

bool goes_forward_only(const Definition& definition, const Saga& saga) {
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    const StepState& s = saga.steps[i];
    const StepKind kind = definition.steps[i].kind;
    if (kind == StepKind::pivot && s.status == StepStatus::succeeded) return true;
    if (kind == StepKind::retriable && (s.of(Direction::action).made > 0 || is_done(s)))
      return true;
  }
  return false;
}

Duration attempt_timeout(const Step& step, Direction direction) {
  return direction == Direction::compensate ? step.compensation->timeout : step.timeout;
}

std::vector<AttemptRef> outstanding_attempts(const Saga& saga) {
  std::vector<AttemptRef> found;
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    for (Direction d : {Direction::action, Direction::compensate, Direction::resolve}) {
      const Attempts& a = saga.steps[i].of(d);
      if (a.outstanding) found.push_back({i, d, a.made});
    }
  }
  return found;
}

std::optional<Time> next_wake(const Definition& definition, const Saga& saga) {
  if (saga.paused || is_end(saga.status) || saga.status == Status::stuck) return std::nullopt;
  std::optional<Time> wake;
  const auto consider = [&wake](Time at) { wake = wake ? std::min(*wake, at) : at; };
  if (saga.deadline && !saga.wish && saga.status != Status::compensating &&
      !goes_forward_only(definition, saga)) {
    consider(*saga.deadline);
  }
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    for (const Attempts& a : saga.steps[i].attempts) {
      if (a.retry_at) consider(*a.retry_at);
    }
    const Attempts& action = saga.steps[i].of(Direction::action);
    const auto& deadline = definition.steps[i].deadline;
    const bool trying = action.outstanding || action.retry_at;
    if (deadline && trying && action.round_started_at && saga.status == Status::running) {
      consider(*action.round_started_at + *deadline);
    }
  }
  return wake;
}

}  // namespace skald
