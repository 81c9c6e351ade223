#include "skald/replay.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "command_body.hpp"
#include "definition_shape.hpp"
#include "skald/expansion.hpp"

namespace skald {
namespace {

using Carried = std::vector<CarriedOutput>;

// What `step` of the new saga may take over: the output of the step of that name, if it stands.
std::optional<CarriedOutput> standing_output(const Definition& old_definition, const Saga& old,
                                             const Definition& definition, StepIndex step) {
  const auto before = old_definition.find(definition.steps[step].name);
  if (!before || !old.done.contains(*before)) return std::nullopt;
  const StepState& s = old.steps[*before];
  if (s.compensation == CompensationStatus::compensated) return std::nullopt;
  return CarriedOutput{step, s.output.value_or(JsonText{})};
}

// Outputs that still stand of the steps that do not depend on `from`; or the name of a step that
// `from` depends on and whose output does not.
std::variant<Carried, std::string> standing_outputs(const Definition& old_definition,
                                                    const Saga& old, const Definition& definition,
                                                    StepIndex from) {
  const std::vector<StepSet> before = ancestors(definition.steps);
  Carried carried;
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    if (i == from || before[i].contains(from)) continue;
    auto output = standing_output(old_definition, old, definition, i);
    if (output) {
      carried.push_back(*std::move(output));
    } else if (before[from].contains(i)) {
      return definition.steps[i].name;
    }
  }
  // A step that runs again may not come before one that is taken over.
  StepSet kept;
  for (const CarriedOutput& output : carried) kept.insert(output.step);
  std::erase_if(carried,
                [&](const CarriedOutput& output) { return !before[output.step].subset_of(kept); });
  return carried;
}

}  // namespace

std::variant<StartRequested, Refusal> plan_replay(const Definition& old_definition, const Saga& old,
                                                  const DefinitionPtr& definition,
                                                  const ReplayPlan& plan) {
  StartRequested start;
  start.replay_of = old.id;
  start.input = old.input;
  if (plan.input_patch) {
    std::string problem;
    auto patched = merge_patched(start.input, *plan.input_patch, problem);
    if (!patched) return Refusal{Refused::Code::invalid, "the input " + problem};
    start.input = *std::move(patched);
  }
  const auto effective = effective_definition(definition, start.input);
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    return Refusal{Refused::Code::invalid, "the input " + *problem};
  }
  const Definition& steps = *std::get<DefinitionPtr>(effective);
  if (!plan.from_step.empty()) {
    const auto from = steps.find(plan.from_step);
    if (!from) {
      return Refusal{Refused::Code::not_found,
                     "saga " + steps.type + " has no step " + plan.from_step};
    }
    auto carried = standing_outputs(old_definition, old, steps, *from);
    if (const auto* gone = std::get_if<std::string>(&carried)) {
      return Refusal{Refused::Code::wrong_state,
                     "cannot replay from " + plan.from_step + ": what step " + *gone +
                         " did no longer stands, or never did; replay from there or from the "
                         "start"};
    }
    start.carried = std::get<Carried>(std::move(carried));
  }
  if (old.holds_key) start.key = old.key;
  return start;
}

}  // namespace skald
