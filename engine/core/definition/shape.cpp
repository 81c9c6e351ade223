#include "definition/shape.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace skald {

namespace {

std::optional<StepIndex> position_of(const std::unordered_map<std::string, StepIndex>& names,
                                     const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::vector<StepIndex> read_after(const Place& after, StepIndex self,
                                  const std::unordered_map<std::string, StepIndex>& names) {
  std::vector<StepIndex> steps;
  for (const Place& item : after.items()) {
    const std::string name = item.name();
    const auto step = position_of(names, name);
    if (!step) {
      std::vector<std::string_view> known;
      for (const auto& [other, index] : names) known.emplace_back(other);
      item.refuse(fmt::format("\"{}\" names no step{}", name, did_you_mean(name, known)));
    }
    if (*step == self) item.refuse("a step cannot follow itself");
    if (std::find(steps.begin(), steps.end(), *step) != steps.end()) {
      item.refuse(fmt::format("\"{}\" is named twice", name));
    }
    steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

// Steps in an order in which each comes after all it follows; shorter than `steps` if some form a
// cycle.
std::vector<StepIndex> topological(const std::vector<Step>& steps) {
  std::vector<std::size_t> missing(steps.size());
  std::vector<std::vector<StepIndex>> successors(steps.size());
  std::vector<StepIndex> order;
  for (StepIndex i = 0; i < steps.size(); ++i) {
    missing[i] = steps[i].after.size();
    for (const StepIndex before : steps[i].after) successors[before].push_back(i);
    if (missing[i] == 0) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const StepIndex after : successors[order[next]]) {
      if (--missing[after] == 0) order.push_back(after);
    }
  }
  return order;
}

// Names a cycle, `a after b after a`. There is one.
std::string describe_cycle(const std::vector<Step>& steps, const std::vector<StepIndex>& order) {
  StepSet sound;
  for (const StepIndex step : order) sound.insert(step);
  StepIndex at = 0;
  while (sound.contains(at)) ++at;
  const auto next = [&](StepIndex from) {
    const auto& after = steps[from].after;
    return *std::find_if(after.begin(), after.end(),
                         [&](StepIndex step) { return !sound.contains(step); });
  };
  for (std::size_t i = 0; i < steps.size(); ++i) at = next(at);  // Surely on the cycle now.
  std::string text = fmt::format("\"{}\"", steps[at].name);
  for (StepIndex walk = next(at);; walk = next(walk)) {
    text += fmt::format(" after \"{}\"", steps[walk].name);
    if (walk == at) return text;
  }
}

void refuse_kind(const Place& steps, StepIndex step, const std::string& what) {
  steps.part([&] { throw DefinitionError(fmt::format("{}[{}].kind", steps.where(), step), what); });
}

void check_edges(const std::vector<Step>& steps, const Place& where) {
  for (StepIndex i = 0; i < steps.size(); ++i) {
    for (const StepIndex earlier : steps[i].after) {
      const Step& before = steps[earlier];
      const Step& step = steps[i];
      const bool second_pivot = step.kind == StepKind::pivot && before.kind == StepKind::pivot;
      if (step.kind >= before.kind && !second_pivot) continue;
      refuse_kind(
          where, i,
          fmt::format("the {} step \"{}\" cannot follow the {} step \"{}\"; the order is "
                      "compensatable steps, then at most one pivot, then retriable steps",
                      to_string(step.kind), step.name, to_string(before.kind), before.name));
    }
  }
}

}  // namespace

void read_order(const std::vector<Place>& places, std::vector<Step>& steps) {
  std::unordered_map<std::string, StepIndex> names;
  for (StepIndex i = 0; i < steps.size(); ++i) names.emplace(steps[i].name, i);
  bool sound = true;
  for (StepIndex i = 0; i < steps.size(); ++i) {
    if (const auto after = places[i].find("after")) {
      sound = places[i].part([&] { steps[i].after = read_after(*after, i, names); }) && sound;
    } else if (i > 0) {
      steps[i].after = {i - 1};
    }
  }
  if (!sound) return;
  const std::vector<StepIndex> order = topological(steps);
  if (order.size() == steps.size()) return;
  StepIndex culprit = 0;
  while (std::find(order.begin(), order.end(), culprit) != order.end() ||
         !places[culprit].find("after")) {
    ++culprit;
  }
  places[culprit].find("after")->refuse("the steps wait for each other in a circle: " +
                                        describe_cycle(steps, order));
}

std::vector<StepSet> ancestors(const std::vector<Step>& steps) {
  std::vector<StepSet> before(steps.size());
  for (const StepIndex step : topological(steps)) {
    for (const StepIndex direct : steps[step].after) {
      before[step].insert_all(before[direct]);
      before[step].insert(direct);
    }
  }
  return before;
}

void check_kinds(const std::vector<Step>& steps, const std::vector<StepSet>& before,
                 const Place& where) {
  const std::size_t faults_before = where.faults();
  check_edges(steps, where);
  if (where.faults() > faults_before) return;  // The same steps again, in other words.
  StepSet compensatable;
  StepIndex pivot = no_step;
  for (StepIndex i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == StepKind::compensatable) compensatable.insert(i);
    if (steps[i].kind != StepKind::pivot) continue;
    if (pivot != no_step) {
      refuse_kind(
          where, i,
          fmt::format("\"{}\" is the pivot already; a saga has at most one", steps[pivot].name));
    }
    pivot = i;
  }
  for (StepIndex i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == StepKind::compensatable) continue;
    StepSet first = compensatable;
    if (steps[i].kind == StepKind::retriable && pivot != no_step) first.insert(pivot);
    bool refused = false;
    first.each([&](StepIndex earlier) {
      if (refused || before[i].contains(earlier)) return;
      refused = true;
      refuse_kind(
          where, i,
          fmt::format("the {} step \"{}\" may run beside the {} step \"{}\" and must come "
                      "after it; let it, or a step before it, name \"{}\" in its \"after\"",
                      to_string(steps[i].kind), steps[i].name, to_string(steps[earlier].kind),
                      steps[earlier].name, steps[earlier].name));
    });
  }
}

Shape shape_of(const std::vector<Step>& steps) {
  Shape shape;
  shape.before.resize(steps.size());
  shape.successors.resize(steps.size());
  shape.backwards = topological(steps);
  std::reverse(shape.backwards.begin(), shape.backwards.end());
  for (StepIndex i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    shape.by_name.emplace(step.name, i);
    for (const StepIndex before : step.after) {
      shape.before[i].insert(before);
      shape.successors[before].push_back(i);
    }
    if (step.kind == StepKind::pivot) shape.pivot = i;
    if (step.kind == StepKind::retriable) shape.retriable.insert(i);
    if (step.deadline || step.hedge) shape.step_timers = true;
  }
  return shape;
}

bool follows_the_list(const Step& step, StepIndex index) {
  if (index == 0) return step.after.empty();
  return step.after.size() == 1 && step.after.front() == index - 1;
}

}  // namespace skald
