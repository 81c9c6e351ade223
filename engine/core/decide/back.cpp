// The turn back and the undo plan.
#include <algorithm>

#include "decide/decider.hpp"

namespace skald {
namespace {

StepSet plan_of(const Saga& saga) {
  StepSet planned;
  for (const StepIndex step : saga.undo_plan) planned.insert(step);
  return planned;
}

}  // namespace

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
  go_back();
}

// A child that is still on its way forward must not go on while its parent goes back. Of a large
// family as many are told as the turn has time for.
void Decider::turn_children_back() {
  for (const StepIndex step : saga_.undo_plan) {
    const StepState& s = state(step);
    const bool on_its_way = s.child && s.status == StepStatus::waiting &&
                            s.compensation == CompensationStatus::pending && !s.carried_over;
    if (!on_its_way) continue;
    if (!admission_.goes_on()) return;
    turn_child_back(step);
  }
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
  turn_children_back();
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

// An entry that is closed without a command may make room for others at once.
void Decider::undo_independent_entries() {
  for (bool again = true; again;) {
    again = false;
    const StepSet turns = undo_turns(definition_, saga_);
    if (turns.empty()) {
      record(SagaCompensated{});
      return;
    }
    // One that is stuck stops the saga, so all others go out first.
    for (const bool stuck : {false, true}) {
      for (const StepIndex step : saga_.undo_plan) {
        const bool is_stuck = state(step).compensation == CompensationStatus::stuck;
        if (turns.contains(step) && is_stuck == stuck) again = undo_entry(step) || again;
        if (saga_.status != Status::compensating) return;
      }
    }
  }
}

// Of branches undone side by side, a step's turn has come once all that may have depended on it are
// undone: whatever comes after it, over however many steps in between.
StepSet undo_turns(const Definition& definition, const Saga& saga) {
  StepSet turns;
  if (definition.undo == UndoOrder::sequential) {
    for (const StepIndex step : saga.undo_plan) {
      if (is_closed(saga.steps[step].compensation)) continue;
      turns.insert(step);
      break;
    }
    return turns;
  }
  const StepSet planned = plan_of(saga);
  std::vector<bool> needed(saga.steps.size(), false);
  for (const StepIndex step : definition.shape().backwards) {
    for (const StepIndex next : definition.shape().successors[step]) {
      const bool open = planned.contains(next) && !is_closed(saga.steps[next].compensation);
      if (needed[next] || open) needed[step] = true;
    }
    const bool open = planned.contains(step) && !is_closed(saga.steps[step].compensation);
    if (open && !needed[step]) turns.insert(step);
  }
  return turns;
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
    if (!saga_.paused && admission_.goes_on()) turn_child_back(step);
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
