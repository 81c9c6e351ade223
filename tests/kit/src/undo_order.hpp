// Which steps have to be undone before which, by what the definition says.
#pragma once

#include <algorithm>
#include <vector>

#include "skald/definition.hpp"

namespace skald::testing {

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
