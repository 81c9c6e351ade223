#include "skald/replay.hpp"

#include <nlohmann/json.hpp>

namespace skald {
namespace {

using Carried = std::vector<CarriedOutput>;

// Outputs of the steps before `from` that still stand; or the name of the first that does not.
std::variant<Carried, std::string> standing_outputs(const Definition& old_definition,
                                                    const Saga& old, const Definition& definition,
                                                    StepIndex from) {
  Carried carried;
  for (StepIndex i = 0; i < from; ++i) {
    const std::string& name = definition.steps[i].name;
    const auto before = old_definition.find(name);
    if (!before) return name;
    const StepState& s = old.steps[*before];
    const bool done = s.status == StepStatus::succeeded || s.status == StepStatus::skipped;
    if (!done || s.compensation == CompensationStatus::compensated) return name;
    carried.push_back({i, s.output.value_or(JsonText{})});
  }
  return carried;
}

}  // namespace

std::variant<StartRequested, Refusal> plan_replay(const Definition& old_definition, const Saga& old,
                                                  const Definition& definition,
                                                  const ReplayPlan& plan) {
  StartRequested start;
  start.replay_of = old.id;
  start.input = old.input;
  if (plan.input_patch) {
    Json patched = start.input.value();
    patched.merge_patch(plan.input_patch->value());
    start.input = JsonText::of(patched);
  }
  if (!plan.from_step.empty()) {
    const auto from = definition.find(plan.from_step);
    if (!from) {
      return Refusal{Refused::Code::not_found,
                     "saga " + definition.type + " has no step " + plan.from_step};
    }
    auto carried = standing_outputs(old_definition, old, definition, *from);
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
