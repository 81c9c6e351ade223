#include "saga_end.hpp"

#include <algorithm>

#include "undo_order.hpp"

namespace skald::testing {
namespace {

// When effects in one direction came, of a step or of all that a child saga did for it.
struct Span {
  std::uint64_t first = UINT64_MAX;
  std::uint64_t last = 0;
  void add(std::uint64_t at) {
    first = std::min(first, at);
    last = std::max(last, at);
  }
  [[nodiscard]] bool empty() const { return last == 0; }
};

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

class Order {
 public:
  Order(const Witness& witness, const Witnesses& sagas, Findings& findings)
      : witness_(witness),
        saga_(witness.path.saga()),
        definition_(witness.path.definition()),
        sagas_(sagas),
        findings_(findings) {}

  void check_forward() const;
  void check_back() const;

 private:
  [[nodiscard]] const Witness* child_of(const Witness& witness, StepIndex step) const;
  [[nodiscard]] Span span_of(const Witness& witness, StepIndex step, Direction direction) const;
  [[nodiscard]] Span span_of_family(const Witness& witness, Direction direction) const;
  [[nodiscard]] bool was_stopped(StepIndex step) const;
  [[nodiscard]] bool went_back_by_itself(StepIndex step) const;

  const Witness& witness_;
  const Saga& saga_;
  const Definition& definition_;
  const Witnesses& sagas_;
  Findings& findings_;
};

const Witness* Order::child_of(const Witness& witness, StepIndex step) const {
  const auto& child = witness.path.saga().steps[step].child;
  const auto found = child ? sagas_.find(*child) : sagas_.end();
  return found == sagas_.end() ? nullptr : &found->second;
}

Span Order::span_of(const Witness& witness, StepIndex step, Direction direction) const {
  Span span;
  const bool action = direction == Direction::action;
  // An action that was given up may still take effect, at any time.
  const bool given_up = action && witness.path.saga().steps[step].status != StepStatus::succeeded;
  if (is_exempt(witness, step) || given_up) return span;
  const StepEffects& effects = witness.effects[step];
  if ((action ? effects.done : effects.undone) > 0) {
    span.add(action ? effects.done_at : effects.undone_at);
  }
  const Witness* child = child_of(witness, step);
  return child ? span_of_family(*child, direction) : span;
}

Span Order::span_of_family(const Witness& witness, Direction direction) const {
  Span all;
  const auto& plan = witness.path.saga().undo_plan;
  for (StepIndex step = 0; step < witness.effects.size(); ++step) {
    // What was undone beside the plan was a child's own way back, before.
    const bool planned = std::find(plan.begin(), plan.end(), step) != plan.end();
    if (direction == Direction::compensate && !planned) continue;
    const Span span = span_of(witness, step, direction);
    if (span.empty()) continue;
    all.add(span.first);
    all.add(span.last);
  }
  return all;
}

// Its child began to undo what it had done before its turn in the plan came.
bool Order::was_stopped(StepIndex step) const {
  return std::any_of(witness_.children.begin(), witness_.children.end(), [&](const Kin& kin) {
    return kin.stopped && kin.id == saga_.steps[step].child;
  });
}

// Its child turned back for a reason of its own, whenever that was. It may be in the plan all the
// same: when it was abandoned on its way, its parent cannot tell what is left.
bool Order::went_back_by_itself(StepIndex step) const {
  const Witness* child = child_of(witness_, step);
  if (!child) return false;
  const auto& turn = child->path.saga().turn_back;
  return turn && turn->error.code != "PARENT_TURNED_BACK";
}

// Each step after those it follows.
void Order::check_forward() const {
  for (StepIndex step = 0; step < saga_.steps.size(); ++step) {
    const Span own = span_of(witness_, step, Direction::action);
    if (own.empty()) continue;
    for (const StepIndex before : definition_.steps[step].after) {
      const Span earlier = span_of(witness_, before, Direction::action);
      if (earlier.empty()) continue;
      findings_.expect(Invariant::I8, own.first > earlier.last,
                       "{}: {} took effect before its predecessor", witness_.path.name(),
                       definition_.steps[step].name);
    }
  }
}

// Back in the order of the plan, or of what follows what; a child as a whole, in its step's place.
void Order::check_back() const {
  for (const StepIndex step : saga_.undo_plan) {
    const Span own = span_of(witness_, step, Direction::compensate);
    if (own.empty()) continue;
    std::uint64_t before = 0;
    for (const StepIndex first : undone_before(definition_, saga_.undo_plan, step)) {
      before = std::max(before, span_of(witness_, first, Direction::compensate).last);
    }
    const bool in_turn = own.first > before || was_stopped(step) || went_back_by_itself(step);
    findings_.expect(Invariant::I5, in_turn, "{}: {} was undone before a later step",
                     witness_.path.name(), definition_.steps[step].name);
  }
}

}  // namespace

void check_end(const Witness& witness, const Witnesses& sagas, Findings& findings) {
  const Saga& saga = witness.path.saga();
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    if (saga.status == Status::completed) check_completed_step(witness, step, findings);
    if (saga.status == Status::compensated) check_compensated_step(witness, step, findings);
  }
  const Order order{witness, sagas, findings};
  order.check_forward();
  order.check_back();
}

void check_end(const Witness& witness, Findings& findings) { check_end(witness, {}, findings); }

}  // namespace skald::testing
