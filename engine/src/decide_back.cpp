// The turn back and the undo plan.
#include "decider.hpp"

namespace skald {

void Decider::turn_back(TurnBack cause, Requester requester) {
  std::vector<StepIndex> plan;
  for (StepIndex i = static_cast<StepIndex>(saga_.steps.size()); i-- > 0;) {
    if (!may_have_happened(state(i))) continue;
    if (step_of(i).compensation) {
      plan.push_back(i);
    } else {
      // There is nothing to undo on purpose, so nobody waits for its answer either.
      withdraw(i, Direction::action);
    }
  }
  record(SagaTurnedBack{std::move(cause), std::move(plan), std::move(requester)});
  go_back();
}

void Decider::go_back() {
  // By index: getting stuck may not change the plan, but it ends the walk.
  for (std::size_t i = 0; i < saga_.undo_plan.size(); ++i) {
    if (!undo_entry(saga_.undo_plan[i])) return;
  }
  record(SagaCompensated{});
}

bool Decider::undo_entry(StepIndex step) {
  StepState& s = state(step);
  switch (s.compensation) {
    case CompensationStatus::compensated:
    case CompensationStatus::skipped: return true;
    case CompensationStatus::none:
    case CompensationStatus::stuck:
    case CompensationStatus::dispatched: return false;
    case CompensationStatus::retry_wait: issue_when_due(step, Direction::compensate); return false;
    case CompensationStatus::pending: break;
  }
  if (s.of(Direction::action).outstanding) return false;
  if (s.status == StepStatus::rejected || s.status == StepStatus::failed) {
    record(CompensationSkipped{step, true});
    return true;
  }
  if (s.carried_over) {
    get_stuck(step, Direction::compensate,
              {"CARRIED_OVER",
               "its effect belongs to saga " + saga_.replay_of.value_or(SagaId{}).to_string() +
                   "; undo it by hand",
               {}});
    return false;
  }
  if (resolve_pending(step)) {
    issue_when_due(step, Direction::resolve);
    return false;
  }
  issue(step, Direction::compensate);
  return false;
}

bool Decider::resolve_pending(StepIndex step) const {
  const StepState& s = saga_.steps[step];
  if (step_of(step).resolve.empty() || s.status != StepStatus::unknown) return false;
  const Attempts& a = s.of(Direction::resolve);
  const bool exhausted = a.in_round() > 0 && !a.outstanding && !a.retry_at;
  return !exhausted;
}

}  // namespace skald
