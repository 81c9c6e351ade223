#include "mutants.hpp"

#include <algorithm>
#include <utility>

namespace skald::model {
namespace {

// What the saga would be had decide() answered so.
void redo(Saga& saga, Saga before, const Decision& decision, Time now) {
  if (decision.events.empty()) {
    saga = std::move(before);
    return;
  }
  const std::uint64_t version = before.version + 1;
  evolve_row(before, decision.events, version, now);
  saga = std::move(before);
}

/// Lets `change` rewrite the undo plan of whatever turns back.
template <typename Change>
Decide with_plan(Change change) {
  return [change](const Definition& definition, Saga& saga, const Input& input, Time now,
                  const Admission& admission) {
    Saga before = saga;
    Decision decision = decide(definition, saga, input, now, admission);
    for (Event& event : decision.events) {
      auto* turned = std::get_if<SagaTurnedBack>(&event);
      if (!turned || !change(turned->plan)) continue;
      // What followed in the same row was meant for the other plan.
      decision.events = {SagaTurnedBack{*turned}};
      decision.effects.clear();
      redo(saga, std::move(before), decision, now);
      break;
    }
    return decision;
  };
}

bool forget_last(std::vector<StepIndex>& plan) {
  if (plan.empty()) return false;
  plan.pop_back();
  return true;
}

bool turn_around(std::vector<StepIndex>& plan) {
  if (plan.size() < 2) return false;
  std::reverse(plan.begin(), plan.end());
  return true;
}

// Issues the second step together with the first.
Decision issue_early(const Definition& definition, Saga& saga, const Input& input, Time now,
                     const Admission& admission) {
  Decision decision = decide(definition, saga, input, now, admission);
  const bool starts = std::holds_alternative<StartRequested>(input) && !decision.effects.empty();
  if (!starts || definition.steps.size() < 2 || !definition.steps[1].as<Call>()) return decision;
  const CommandIssued early{{1, Direction::action, 1}, 1};
  evolve(saga, early, now);
  decision.events.emplace_back(early);
  decision.effects.emplace_back(SendCommand{early.attempt, {}});
  return decision;
}

Decision try_too_often(const Definition& definition, Saga& saga, const Input& input, Time now,
                       const Admission& admission) {
  Definition generous = definition;
  for (Step& step : generous.steps) ++step.retry.max_attempts;
  return decide(generous, saga, input, now, admission);
}

// Forgets that the turn has come when it has no room.
Decision forget_when_full(const Definition& definition, Saga& saga, const Input& input, Time now,
                          const Admission& admission) {
  if (std::holds_alternative<Woken>(input) && saga.turn_back) return {};
  return decide(definition, saga, input, now, admission);
}

// Guesses that a pivot in doubt did not happen.
Decision guess_the_pivot(const Definition& definition, Saga& saga, const Input& input, Time now,
                         const Admission& admission) {
  Saga before = saga;
  Decision decision = decide(definition, saga, input, now, admission);
  const StepIndex pivot = definition.pivot();
  for (Event& event : decision.events) {
    const auto* doubt = std::get_if<StepInDoubt>(&event);
    if (!doubt || doubt->step != pivot) continue;
    decision.events = {StepRejected{{pivot, Direction::action, 0}, doubt->error},
                       SagaTurnedBack{{pivot, doubt->error}, {}, {}}};
    decision.effects.clear();
    redo(saga, std::move(before), decision, now);
    break;
  }
  return decision;
}

Decision never_pause(const Definition& definition, Saga& saga, const Input& input, Time now,
                     const Admission& admission) {
  if (std::holds_alternative<PauseRequested>(input)) return {};
  return decide(definition, saga, input, now, admission);
}

}  // namespace

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all{
      {"forgotten-entry",
       "the last entry of the undo plan is forgotten",
       with_plan(forget_last),
       {"I5"}},
      {"forward-undo", "the undo plan is in forward order", with_plan(turn_around), {"I5"}},
      {"early-step", "a step is issued before its predecessor is done", issue_early, {"I8"}},
      {"extra-attempt", "one attempt more than the definition allows", try_too_often, {"I12"}},
      {"guessed-pivot", "a pivot in doubt counts as refused", guess_the_pivot, {"I13", "I5"}},
      {"lost-wake", "waking a saga that has turned back does nothing", forget_when_full, {"I15"}},
      {"no-pause", "a pause changes nothing", never_pause, {"coverage"}},
  };
  return all;
}

const Mutant* find_mutant(const std::string& name) {
  const auto& all = mutants();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&name](const Mutant& mutant) { return mutant.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace skald::model
