#include "skald/replay.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "definition/shape.hpp"
#include "saga/command_body.hpp"
#include "saga/start_check.hpp"
#include "skald/expansion.hpp"

namespace skald {
namespace {

using Carried = std::vector<CarriedOutput>;

// The new saga as far as it is known before it starts: its input, and the outputs that it is to
// take over.
class Successor {
 public:
  Successor(const Definition& definition, const JsonText& input) : definition_(definition) {
    saga_.input = input;
    saga_.steps.resize(definition.steps.size());
  }
  void carry(const CarriedOutput& carried) { saga_.steps[carried.step].output = carried.output; }
  [[nodiscard]] const Definition& definition() const { return definition_; }
  [[nodiscard]] const Saga& saga() const { return saga_; }
  [[nodiscard]] PayloadTrees& trees() { return trees_; }

 private:
  const Definition& definition_;
  Saga saga_;
  PayloadTrees trees_;
};

// What a step is given, as text; nothing when it cannot be filled in.
std::optional<JsonText> given(const Definition& definition, const Saga& saga, StepIndex index,
                              PayloadTrees& trees) {
  const Step& step = definition.steps[index];
  std::string problem;
  if (step.as<WaitFor>() || step.as<Gather>()) return JsonText{};
  return step_input(definition, saga, index, trees, problem);
}

// Why the step of the new saga is not the one whose output `old` has: completes "step X …"; empty
// when both are asked for the same.
std::string difference(const Definition& old_definition, const Saga& old, StepIndex before,
                       Successor& next, StepIndex index) {
  const Definition& definition = next.definition();
  const Step& was = old_definition.steps[before];
  const Step& is = definition.steps[index];
  if (was.work.index() != is.work.index() || was.kind != is.kind) return "is of another kind";
  if (was.participant != is.participant || was.action != is.action) {
    return "asks for " + is.action + " of " + is.participant + ", and asked for " + was.action +
           " of " + was.participant;
  }
  const bool left_out = old.steps[before].error && old.steps[before].error->code == "WHEN";
  const bool runs = condition_holds(definition, next.saga(), is, next.trees());
  if (runs == left_out) {
    return runs ? "runs now, and did not before: its condition holds"
                : "would not run now: its condition does not hold";
  }
  if (!runs) return {};
  PayloadTrees old_trees;
  const auto had = given(old_definition, old, before, old_trees);
  const auto has = given(definition, next.saga(), index, next.trees());
  const bool same = had && has && same_value(*had, *has);
  return same ? std::string() : "is given another input";
}

// Each behind all that it depends on.
std::vector<StepIndex> in_order(const std::vector<StepSet>& before) {
  std::vector<StepIndex> order(before.size());
  std::iota(order.begin(), order.end(), StepIndex{0});
  std::stable_sort(order.begin(), order.end(), [&before](StepIndex a, StepIndex b) {
    return before[a].size() < before[b].size();
  });
  return order;
}

struct Standing {
  Carried carried;
  std::optional<std::string> refusal;
};

// Takes over the outputs that still stand of the steps that do not depend on `from`.
Standing standing_outputs(const Definition& old_definition, const Saga& old, Successor& next,
                          StepIndex from, bool force) {
  const Definition& definition = next.definition();
  const std::vector<StepSet> before = ancestors(definition.steps);
  Standing standing;
  StepSet kept;
  for (const StepIndex i : in_order(before)) {
    if (i == from || before[i].contains(from)) continue;
    const std::string& name = definition.steps[i].name;
    const auto was = old_definition.find(name);
    const bool stands = was && old.done.contains(*was) &&
                        old.steps[*was].compensation != CompensationStatus::compensated;
    // A step that runs again may not come before one that is taken over.
    if (!stands || !before[i].subset_of(kept)) {
      if (!before[from].contains(i)) continue;
      standing.refusal = "what step " + name +
                         " did no longer stands, or never did; replay from there or from the start";
      return standing;
    }
    CarriedOutput output{i, old.steps[*was].output.value_or(JsonText{})};
    const std::string differs = difference(old_definition, old, *was, next, i);
    if (!differs.empty() && !force) {
      standing.refusal = "step " + name + " " + differs +
                         "; replay from there or from the start, or say --force to take over "
                         "what it did as it is";
      return standing;
    }
    output.forced = !differs.empty();
    next.carry(output);
    kept.insert(i);
    standing.carried.push_back(std::move(output));
  }
  return standing;
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
    Successor next(steps, start.input);
    auto standing = standing_outputs(old_definition, old, next, *from, plan.force);
    if (standing.refusal) {
      return Refusal{Refused::Code::wrong_state,
                     "cannot replay from " + plan.from_step + ": " + *standing.refusal};
    }
    start.carried = std::move(standing.carried);
  }
  if (old.holds_key) start.key = old.key;
  PayloadTrees trees;
  if (auto problem = problem_of_start(steps, start, trees)) {
    return Refusal{Refused::Code::invalid, *std::move(problem)};
  }
  return start;
}

}  // namespace skald
