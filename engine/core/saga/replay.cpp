#include "skald/replay.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "definition/shape.hpp"
#include "json/compare.hpp"
#include "saga/command_body.hpp"
#include "saga/start_check.hpp"
#include "skald/expansion.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

namespace skald {
namespace {

using Carried = std::vector<CarriedOutput>;

// The new saga as far as it is known before it starts: its input, and the outputs that it is to
// take over.
class Successor {
 public:
  /// `trees`: of the new saga's payloads.
  Successor(const Definition& definition, const JsonText& input, PayloadTrees& trees)
      : definition_(definition), trees_(trees) {
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
  PayloadTrees& trees_;
};

// What a step is given, as text; nothing when it cannot be filled in.
std::optional<JsonText> given(const Definition& definition, const Saga& saga, StepIndex index,
                              PayloadTrees& trees) {
  const Step& step = definition.steps[index];
  std::string problem;
  if (step.as<WaitFor>() || step.as<Gather>()) return JsonText{};
  return step_input(definition, saga, index, trees, problem);
}

// Holds the steps of the old saga against those of the new one.
class Comparison {
 public:
  Comparison(const Definition& old_definition, const Saga& old, Successor& next)
      : old_definition_(old_definition), old_(old), next_(next) {}

  // Why the step of the new saga is not the one whose output the old one has: completes "step X …";
  // empty when both are asked for the same.
  std::string difference(StepIndex before, StepIndex index) {
    const Definition& definition = next_.definition();
    const Step& was = old_definition_.steps[before];
    const Step& is = definition.steps[index];
    if (was.work.index() != is.work.index() || was.kind != is.kind) return "is of another kind";
    if (was.participant != is.participant || was.action != is.action) {
      return "asks for " + is.action + " of " + is.participant + ", and asked for " + was.action +
             " of " + was.participant;
    }
    const bool left_out = old_.steps[before].error && old_.steps[before].error->code == "WHEN";
    const bool runs = condition_holds(definition, next_.saga(), is, next_.trees());
    if (runs == left_out) {
      return runs ? "runs now, and did not before: its condition holds"
                  : "would not run now: its condition does not hold";
    }
    if (!runs || has_same_values(before, is)) return {};
    // Filling in is what costs: what follows from values that are the same is not filled in.
    if (work().bytes() - begun_ > filled_in_bytes_max) {
      return "cannot be compared any more, since the inputs before it are too long together";
    }
    const auto had = given(old_definition_, old_, before, old_trees_);
    const auto has = given(definition, next_.saga(), index, next_.trees());
    const bool same = had && has && same_value(*had, *has);
    return same ? std::string() : "is given another input";
  }

 private:
  static constexpr std::uint64_t filled_in_bytes_max = 2 * payload_bytes_max;

  // Whether the same template is filled in from the same values.
  [[nodiscard]] bool has_same_values(StepIndex before, const Step& is) {
    const Step& was = old_definition_.steps[before];
    if (was.as<WaitFor>() || was.as<Gather>()) return true;
    if (old_.steps[before].input_patch) return false;
    const Template* const old_template = input_template(was);
    const Template* const new_template = input_template(is);
    if (!old_template || !new_template) {
      return old_template == new_template && is_same("/input", was, is);
    }
    const auto& pointers = new_template->pointers();
    return *old_template == *new_template &&
           std::all_of(pointers.begin(), pointers.end(),
                       [&](const std::string& pointer) { return is_same(pointer, was, is); });
  }

  // What does not depend on the step is compared once.
  [[nodiscard]] bool is_same(const std::string& pointer, const Step& was, const Step& is) {
    const bool of_saga = pointer.starts_with("/input") || pointer.starts_with("/steps/");
    const auto known = of_saga ? same_.find(pointer) : same_.end();
    if (known != same_.end()) return known->second;
    SagaLookup old_lookup(old_definition_, old_, old_trees_, &was);
    SagaLookup new_lookup(next_.definition(), next_.saga(), next_.trees(), &is);
    const Json* const had = old_lookup.at(pointer);
    const Json* const has = new_lookup.at(pointer);
    const bool same = had && has ? same_tree(*had, *has) : had == has;
    if (of_saga && !is_element(pointer, is)) same_.emplace(pointer, same);
    return same;
  }

  [[nodiscard]] static bool is_element(const std::string& pointer, const Step& step) {
    return step.element && pointer.starts_with("/" + step.element->name);
  }

  const Definition& old_definition_;
  const Saga& old_;
  Successor& next_;
  PayloadTrees old_trees_;
  std::map<std::string, bool> same_;
  std::uint64_t begun_ = work().bytes();
};

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
  Comparison comparison(old_definition, old, next);
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
    const std::string differs = comparison.difference(*was, i);
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
  PayloadTrees trees;
  const auto effective =
      effective_definition(definition, [&]() -> const Json& { return trees.input(start.input); });
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
    Successor next(steps, start.input, trees);
    auto standing = standing_outputs(old_definition, old, next, *from, plan.force);
    if (standing.refusal) {
      return Refusal{Refused::Code::wrong_state,
                     "cannot replay from " + plan.from_step + ": " + *standing.refusal};
    }
    start.carried = std::move(standing.carried);
  }
  if (old.holds_key) start.key = old.key;
  if (auto problem = problem_of_start(steps, start, trees)) {
    return Refusal{Refused::Code::invalid, *std::move(problem)};
  }
  return start;
}

}  // namespace skald
