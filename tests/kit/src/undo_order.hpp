// What a definition says of turning back: what is waited for, and which step is undone before
// which.
#pragma once

#include <algorithm>
#include <vector>

#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald::testing {

/// Attempts, their retries and questions, child sagas: what a turn back would cut off.
[[nodiscard]] inline bool steps_under_way(const Definition& definition, const Saga& saga) {
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    const StepState& s = saga.steps[i];
    const Attempts& resolve = s.of(Direction::resolve);
    const bool asked = s.status == StepStatus::unknown && !definition.steps[i].resolve.empty() &&
                       (resolve.in_round() == 0 || resolve.outstanding || resolve.retry_at);
    const bool child =
        s.status == StepStatus::waiting && definition.steps[i].as<ChildSaga>() != nullptr;
    const bool tried = s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait;
    if (tried || child || asked) return true;
  }
  return false;
}

/// By step: whether it comes after `step`, over any number of steps in between.
[[nodiscard]] inline std::vector<bool> depending_on(const Definition& definition, StepIndex step) {
  std::vector<bool> found(definition.steps.size(), false);
  for (bool more = true; more;) {
    more = false;
    for (StepIndex i = 0; i < definition.steps.size(); ++i) {
      const auto& after = definition.steps[i].after;
      const bool needs = std::any_of(after.begin(), after.end(), [&](StepIndex before) {
        return before == step || found[before];
      });
      if (!needs || found[i]) continue;
      found[i] = true;
      more = true;
    }
  }
  return found;
}

/// The entries of an undo plan that have to be undone before this one of it.
[[nodiscard]] inline std::vector<StepIndex> undone_before(const Definition& definition,
                                                          const std::vector<StepIndex>& plan,
                                                          StepIndex step) {
  std::vector<StepIndex> first(plan.begin(), std::find(plan.begin(), plan.end(), step));
  if (definition.undo == UndoOrder::sequential) return first;
  const std::vector<bool> later = depending_on(definition, step);
  first = plan;
  std::erase_if(first, [&later](StepIndex planned) { return !later[planned]; });
  return first;
}

}  // namespace skald::testing
