#include "saga_end.hpp"

namespace skald::testing {
namespace {

// What happened there is known from somebody else: an operator, another saga, or a liar.
bool is_exempt(const Witness& witness, StepIndex step) {
  const StepState& s = witness.path.saga().steps[step];
  return witness.path.is_forced(step) || s.carried_over || witness.effects[step].lied;
}

void check_completed_step(const Witness& witness, StepIndex step, Findings& findings) {
  const StepState& s = witness.path.saga().steps[step];
  const StepEffects& effects = witness.effects[step];
  const std::string& name = witness.path.definition().steps[step].name;
  const bool skipped = s.status == StepStatus::skipped;
  const bool calls = witness.path.definition().steps[step].as<Call>() != nullptr;
  const bool right = !calls ? effects.done == 0 : skipped ? effects.done <= 1 : effects.done == 1;
  findings.expect(Invariant::I4, right || is_exempt(witness, step),
                  "{} is completed: {} is {} and took effect {} times", witness.path.name(), name,
                  to_string(s.status), effects.done);
  findings.expect(Invariant::I4, effects.undone == 0 && s.of(Direction::compensate).made == 0,
                  "{} is completed and yet {} was undone", witness.path.name(), name);
}

void check_compensated_step(const Witness& witness, StepIndex step, Findings& findings) {
  const StepState& s = witness.path.saga().steps[step];
  const StepEffects& effects = witness.effects[step];
  const Step& defined = witness.path.definition().steps[step];
  if (is_exempt(witness, step) || s.undo_forced) return;
  if (!defined.compensation) {
    findings.expect(Invariant::I13, defined.kind == StepKind::compensatable || effects.done == 0,
                    "{} is compensated though {} took effect", witness.path.name(), defined.name);
    return;
  }
  findings.expect(Invariant::I5, effects.done == effects.undone,
                  "{} is compensated: {} took effect {} times and was undone {} times",
                  witness.path.name(), defined.name, effects.done, effects.undone);
}

bool counts(const Witness& witness, StepIndex step) {
  return witness.path.saga().steps[step].status == StepStatus::succeeded &&
         witness.effects[step].done > 0 && !is_exempt(witness, step);
}

// By the participants' account: each step after those it follows, back in the order of the plan.
void check_order(const Witness& witness, Findings& findings) {
  const Saga& saga = witness.path.saga();
  const Definition& definition = witness.path.definition();
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    if (!counts(witness, step)) continue;
    for (const StepIndex before : definition.steps[step].after) {
      if (!counts(witness, before)) continue;
      findings.expect(Invariant::I8,
                      witness.effects[step].done_at > witness.effects[before].done_at,
                      "{}: {} took effect before its predecessor", witness.path.name(),
                      definition.steps[step].name);
    }
  }
  std::uint64_t before = 0;
  for (const StepIndex step : saga.undo_plan) {
    const StepEffects& effects = witness.effects[step];
    if (effects.undone == 0 || is_exempt(witness, step)) continue;
    findings.expect(Invariant::I5, effects.undone_at > before,
                    "{}: {} was undone before a later step", witness.path.name(),
                    definition.steps[step].name);
    before = effects.undone_at;
  }
}

}  // namespace

void check_end(const Witness& witness, Findings& findings) {
  const Saga& saga = witness.path.saga();
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    if (saga.status == Status::completed) check_completed_step(witness, step, findings);
    if (saga.status == Status::compensated) check_compensated_step(witness, step, findings);
  }
  check_order(witness, findings);
}

}  // namespace skald::testing
