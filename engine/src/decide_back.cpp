// The turn back and the undo plan.
#include <algorithm>

#include "decider.hpp"

namespace skald {

// A step that is decided was so after everything it depends on; one that is not has nothing that
// depends on it. So the reverse order of decisions, undecided and doubtful ones first, is a reverse
// order of dependency, too.
std::vector<StepIndex> Decider::plan_undo() {
  std::vector<StepIndex> plan;
  for (StepIndex i = static_cast<StepIndex>(saga_.steps.size()); i-- > 0;) {
    if (!may_have_happened(state(i))) continue;
    if (step_of(i).undoable()) {
      plan.push_back(i);
    } else {
      // There is nothing to undo on purpose, so nobody waits for its answer either.
      withdraw(i, Direction::action);
      withdraw(i, Direction::resolve);
    }
  }
  const auto rank = [this](StepIndex i) {
    const StepState& s = saga_.steps[i];
    const bool decided = is_done(s) && s.decided > 0;
    return decided ? s.decided : UINT32_MAX;
  };
  std::stable_sort(plan.begin(), plan.end(),
                   [&](StepIndex a, StepIndex b) { return rank(a) > rank(b); });
  return plan;
}

void Decider::turn_back(TurnBack cause, Requester requester) {
  std::vector<StepIndex> plan = plan_undo();
  record(SagaTurnedBack{std::move(cause), std::move(plan), std::move(requester)});
  // A child that is still on its way forward must not go on while its parent goes back.
  for (const StepIndex step : saga_.undo_plan) {
    if (state(step).status == StepStatus::waiting) turn_child_back(step);
  }
  go_back();
}

void Decider::turn_back_or_finish(TurnBack cause) {
  if (definition_.on_sibling_failure == OnSiblingFailure::finish && siblings_under_way()) {
    if (!saga_.failing) record(SiblingsAwaited{std::move(cause)});
    return;
  }
  turn_back(saga_.failing.value_or(std::move(cause)), {});
}

// Sleeps and signals are not waited for: they have no effect that could be cut off.
bool Decider::siblings_under_way() const {
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    const StepState& s = saga_.steps[i];
    const bool tried = s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait;
    const bool child = s.status == StepStatus::waiting && step_of(i).as<ChildSaga>();
    const bool asked = s.status == StepStatus::unknown && resolve_pending(i);
    if (tried || child || asked) return true;
  }
  return false;
}

void Decider::go_back() {
  if (definition_.undo == UndoOrder::parallel) {
    undo_independent_entries();
    return;
  }
  // By index: getting stuck may not change the plan, but it ends the walk.
  for (std::size_t i = 0; i < saga_.undo_plan.size(); ++i) {
    if (!undo_entry(saga_.undo_plan[i])) return;
  }
  record(SagaCompensated{});
}

// A step may be undone once all that may have depended on it are: whatever comes after it in the
// plan's order of dependency.
void Decider::undo_independent_entries() {
  std::vector<bool> needed(saga_.steps.size(), false);  // By a step after it that is not undone.
  StepSet planned;
  for (const StepIndex step : saga_.undo_plan) planned.insert(step);
  bool all = true;
  // The plan has every step behind those that depend on it.
  for (const StepIndex step : definition_.shape().backwards) {
    for (const StepIndex next : definition_.shape().successors[step]) {
      if (needed[next] || (planned.contains(next) && !is_undone(next))) needed[step] = true;
    }
    if (!planned.contains(step) || is_undone(step)) continue;
    if (needed[step] || !undo_entry(step)) all = false;
    if (saga_.status != Status::compensating) return;
  }
  if (all) record(SagaCompensated{});
}

bool Decider::is_undone(StepIndex step) const {
  const CompensationStatus status = saga_.steps[step].compensation;
  return status == CompensationStatus::compensated || status == CompensationStatus::skipped;
}

bool Decider::undo_entry(StepIndex step) {
  StepState& s = state(step);
  switch (s.compensation) {
    case CompensationStatus::compensated:
    case CompensationStatus::skipped: return true;
    case CompensationStatus::dispatched: child_stays_undone(step); return false;
    case CompensationStatus::none: return false;
    case CompensationStatus::stuck: {
      // It got stuck while the saga stood still because of another step.
      const ErrorInfo error = s.of(Direction::compensate).error.value_or(ErrorInfo{});
      get_stuck(step, Direction::compensate,
                {error.code, undo_name(step_of(step)) + " is not done: " + error.code, error.data});
      return false;
    }
    case CompensationStatus::retry_wait: issue_when_due(step, Direction::compensate); return false;
    case CompensationStatus::pending: break;
  }
  if (s.of(Direction::action).outstanding) return false;
  if (s.status == StepStatus::rejected || s.status == StepStatus::failed) {
    record(CompensationSkipped{step, true});
    return true;
  }
  if (s.child && !s.carried_over) {
    if (!saga_.paused) turn_child_back(step);
    return false;
  }
  if (step_of(step).as<ChildSaga>() && !s.carried_over) {
    get_stuck(
        step, Direction::compensate,
        {"NO_CHILD", "no child saga ran, an operator said it succeeded; undo it by hand", {}});
    return false;
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
