// What a saga's history says of its way back: the turn, the undo plan, and the order of undoing.
#include <algorithm>

#include "saga_path.hpp"
#include "undo_order.hpp"

namespace skald::testing {
namespace {

bool can_be_undone(const Step& step) {
  const bool child = step.as<ChildSaga>() && step.kind == StepKind::compensatable;
  return step.compensation.has_value() || child;
}

// Of a child's step: it runs, or it was abandoned and may have left effects.
bool child_may_have_happened(const StepState& s) {
  return s.child && (s.status == StepStatus::waiting || s.status == StepStatus::unknown);
}

std::string list(const std::vector<StepIndex>& steps) {
  return fmt::format("[{}]", fmt::join(steps, ", "));
}

}  // namespace

bool SagaPath::passed_pivot() const {
  const StepIndex pivot = definition_.pivot();
  return pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
}

void SagaPath::check_turn(const SagaTurnedBack& turned, const JournalRow& row) {
  turned_ = true;
  check_cause(turned, row);
  const std::vector<StepIndex> plan = expected_plan();
  for (std::size_t i = 0; i < plan.size(); ++i) {
    for (std::size_t j = i + 1; j < plan.size(); ++j) {
      const auto& after = definition_.steps[plan[j]].after;
      findings_.expect(Invariant::I5, std::find(after.begin(), after.end(), plan[i]) == after.end(),
                       "{}: {} is to be undone before {}, which depends on it", name_,
                       definition_.steps[plan[i]].name, definition_.steps[plan[j]].name);
    }
  }
  findings_.expect(Invariant::I5, plan == turned.plan, "{}: the undo plan is {}, must be {}", name_,
                   list(turned.plan), list(plan));
  findings_.expect(Invariant::I13, !passed_pivot(), "{}: it turned back after its pivot", name_);
}

void SagaPath::check_cause(const SagaTurnedBack& turned, const JournalRow& row) {
  const bool by_parent = turned.cause.step == no_step && saga_.parent &&
                         turned.cause.error.code == "PARENT_TURNED_BACK";
  findings_.expect(Invariant::I9, !by_parent || told_by_parent_,
                   "{}: it turned back for its parent, which has not told it to", name_);
  told_by_parent_ = false;
  const bool finishes = definition_.on_sibling_failure == OnSiblingFailure::finish;
  if (finishes && turned.cause.step != no_step) {
    findings_.expect(Invariant::I5, !steps_under_way(definition_, saga_),
                     "{}: it turned back before the steps beside the one that failed had ended",
                     name_);
  }
  if (turned.cause.step == no_step && !saga_.wish) check_deadline(turned.cause.error, row);
}

void SagaPath::check_siblings_awaited(const SiblingsAwaited& awaited) {
  findings_.expect(Invariant::I5, definition_.on_sibling_failure == OnSiblingFailure::finish,
                   "{}: it waits for siblings, which its definition does not say", name_);
  findings_.expect(Invariant::I5, !saga_.failing && steps_under_way(definition_, saga_),
                   "{}: it waits for siblings of {} and none is under way", name_,
                   definition_.steps[awaited.cause.step].name);
}

std::vector<StepIndex> SagaPath::expected_plan() const {
  std::vector<StepIndex> plan;
  for (StepIndex i = static_cast<StepIndex>(saga_.steps.size()); i-- > 0;) {
    const StepState& s = saga_.steps[i];
    const Attempts& action = s.of(Direction::action);
    const bool may_have_happened = s.status == StepStatus::succeeded || action.outstanding ||
                                   !action.unanswered.empty() || child_may_have_happened(s);
    if (may_have_happened && can_be_undone(definition_.steps[i])) plan.push_back(i);
  }
  // In the reverse order of what was done; what is not done yet, or in doubt, is the latest.
  const auto rank = [this](StepIndex step) {
    const bool done = is_settled(saga_.steps[step]);
    const auto found = done_.find(step);
    return done && found != done_.end() ? found->second : UINT64_MAX;
  };
  std::stable_sort(plan.begin(), plan.end(),
                   [&](StepIndex a, StepIndex b) { return rank(a) > rank(b); });
  return plan;
}

bool SagaPath::is_turn_of(StepIndex step) const {
  const auto first = undone_before(definition_, saga_.undo_plan, step);
  return std::all_of(first.begin(), first.end(), [this](StepIndex planned) {
    return is_closed(saga_.steps[planned].compensation);
  });
}

void SagaPath::check_compensation(StepIndex step) {
  const std::string& step_name = definition_.steps[step].name;
  const auto& plan = saga_.undo_plan;
  findings_.expect(Invariant::I5, turned_, "{}: {} was undone on the way forward", name_,
                   step_name);
  findings_.expect(Invariant::I5, is_turn_of(step), "{}: {} was undone before a later step", name_,
                   step_name);
  findings_.expect(Invariant::I5, std::find(plan.begin(), plan.end(), step) != plan.end(),
                   "{}: {} was undone and is not in the plan", name_, step_name);
  findings_.expect(Invariant::I13, !passed_pivot(), "{}: {} was undone after the pivot", name_,
                   step_name);
}

// A child that has come to its end is undone in its turn; one that still runs is told at once.
void SagaPath::check_child_turn(const ChildTurnedBack& turned) {
  const AttemptRef& attempt = turned.attempt;
  const StepState& s = saga_.steps[attempt.step];
  const std::string& step_name = definition_.steps[attempt.step].name;
  const auto& plan = saga_.undo_plan;
  findings_.expect(Invariant::I3, s.child == turned.child,
                   "{}: it turned back a child that {} does not have", name_, step_name);
  findings_.expect(Invariant::I12,
                   attempt.direction == Direction::compensate &&
                       attempt.attempt == s.of(Direction::compensate).made + 1,
                   "{}: turn {} of the child of {} follows turn {}", name_, attempt.attempt,
                   step_name, s.of(Direction::compensate).made);
  findings_.expect(Invariant::I5,
                   turned_ && std::find(plan.begin(), plan.end(), attempt.step) != plan.end(),
                   "{}: the child of {} was turned back and is not in the plan", name_, step_name);
  findings_.expect(Invariant::I5, s.status == StepStatus::waiting || is_turn_of(attempt.step),
                   "{}: the child of {} was turned back before a later step was undone", name_,
                   step_name);
  findings_.expect(Invariant::I13, !passed_pivot(),
                   "{}: the child of {} was turned back after the pivot", name_, step_name);
}

}  // namespace skald::testing
