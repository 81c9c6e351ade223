#include "view/advice.hpp"

#include <fmt/format.h>

#include "decide/decider.hpp"

namespace skald {

const std::vector<AdviceRow>& advice_table() {
  static const std::vector<AdviceRow> table{
      {Standstill::signal_awaited, "a step waits for a signal", {Advice::signal}},
      {Standstill::signal_kept, "paused, with the signal that a step waits for", {Advice::go_on}},
      {Standstill::retry_awaited, "a step or an undo is between two attempts", {Advice::retry}},
      {Standstill::action_failed,
       "stuck: a step was refused, or its attempts are used up",
       {Advice::resume, Advice::skip_succeeded, Advice::skip_rejected, Advice::skip,
        Advice::cancel}},
      {Standstill::action_in_doubt,
       "stuck: a step may have happened",
       {Advice::resume, Advice::skip_succeeded, Advice::skip_rejected, Advice::skip,
        Advice::cancel}},
      {Standstill::input_unfilled,
       "stuck: the input of a command, a child saga or a sleep cannot be filled in, or is refused",
       {Advice::resume_patched, Advice::skip_succeeded, Advice::skip, Advice::cancel}},
      {Standstill::list_uncollected,
       "stuck: the outputs of a `for_each` cannot be collected",
       {Advice::skip_succeeded, Advice::skip, Advice::cancel}},
      {Standstill::undo_failed,
       "stuck: an undo was refused, or its attempts are used up",
       {Advice::resume, Advice::skip_compensated}},
      {Standstill::undo_unfilled,
       "stuck: the input of an undo cannot be filled in",
       {Advice::resume_patched, Advice::skip_compensated}},
      {Standstill::undo_by_hand, "stuck: only people can undo a step", {Advice::skip_compensated}},
      {Standstill::answered_since, "stuck, and answered since", {Advice::go_on}},
      {Standstill::output_unfilled,
       "stuck: the output of the saga cannot be filled in",
       {Advice::cancel, Advice::abandon}},
      {Standstill::undecidable, "stuck: the engine cannot go on with it", {Advice::abandon}},
  };
  return table;
}

namespace {

bool is_template(const Stuck& stuck) { return stuck.error.code == "TEMPLATE"; }

// The child's definition has looked at it and refused it.
bool is_child_input(const Stuck& stuck) { return stuck.error.code == "CHILD_INPUT"; }

Standstill undo_standstill(const Step& step, const StepState& s, const Stuck& stuck) {
  if (s.compensation == CompensationStatus::compensated) return Standstill::answered_since;
  for (const char* code : {"CARRIED_OVER", "NO_CHILD", "CHILD_ABANDONED"}) {
    if (stuck.error.code == code) return Standstill::undo_by_hand;
  }
  if (!is_template(stuck)) return Standstill::undo_failed;
  const bool own_input = step.compensation && step.compensation->input;
  return own_input ? Standstill::undo_unfilled : Standstill::input_unfilled;
}

// Whether the request would be granted, and leave the saga better off.
bool is_possible(Advice advice, const Definition& definition, const Saga& saga, StepIndex step) {
  const StepIndex pivot = definition.pivot();
  switch (advice) {
    case Advice::cancel:
      return !goes_forward_only(definition, saga) && !saga.turn_back &&
             (pivot == no_step || !may_have_happened(saga.steps[pivot]));
    case Advice::skip_rejected:
      // With "stuck" as its policy the saga would stand still at the same place.
      return definition.steps[step].on_failure.action != OnFailure::Action::stuck;
    case Advice::skip:
      return !saga.turn_back && !(step == pivot && may_have_happened(saga.steps[step]));
    case Advice::skip_succeeded: return !saga.turn_back;
    case Advice::resume:
    case Advice::go_on:
    case Advice::resume_patched:
    case Advice::retry:
    case Advice::signal:
    case Advice::skip_compensated:
    case Advice::abandon: return true;
  }
  return true;
}

}  // namespace

Standstill standstill_of(const Definition& definition, const Saga& saga) {
  const Stuck& stuck = *saga.stuck;
  if (stuck.step == no_step) {
    return is_template(stuck) ? Standstill::output_unfilled : Standstill::undecidable;
  }
  const StepState& s = saga.steps[stuck.step];
  const Step& step = definition.steps[stuck.step];
  if (stuck.direction == Direction::compensate) return undo_standstill(step, s, stuck);
  if (is_done(s)) return Standstill::answered_since;
  if (is_template(stuck)) {
    return step.as<Gather>() ? Standstill::list_uncollected : Standstill::input_unfilled;
  }
  if (is_child_input(stuck)) return Standstill::input_unfilled;
  return s.status == StepStatus::unknown ? Standstill::action_in_doubt : Standstill::action_failed;
}

std::string advice_text(Advice advice, const std::string& step, const std::string& saga,
                        const std::string& signal) {
  switch (advice) {
    case Advice::resume: return "`skald resume` tries again";
    case Advice::go_on: return "`skald resume` goes on";
    case Advice::resume_patched:
      return fmt::format("`skald resume --step {} --input-patch JSON` gives it an input", step);
    case Advice::retry: return "`skald retry` makes it now";
    case Advice::signal: return fmt::format("`skald signal {} {}` gives it", saga, signal);
    case Advice::skip_succeeded:
      return fmt::format("`skald skip --step {} --as succeeded` says that it happened", step);
    case Advice::skip_rejected:
      return fmt::format("`skald skip --step {} --as rejected` says that it did not", step);
    case Advice::skip: return fmt::format("`skald skip --step {}` leaves it out", step);
    case Advice::skip_compensated:
      return fmt::format("`skald skip --step {} --as compensated` says that it is undone", step);
    case Advice::cancel: return "`skald cancel` turns the saga back";
    case Advice::abandon: return "`skald abandon` closes it";
  }
  return {};
}

std::string advice(const Definition& definition, const Saga& saga, Standstill standstill,
                   StepIndex step) {
  const std::string name = step < definition.steps.size() ? definition.steps[step].name : "";
  const auto* wait = name.empty() ? nullptr : definition.steps[step].as<WaitFor>();
  std::string text;
  for (const Advice each : advice_table()[static_cast<std::size_t>(standstill)].helps) {
    if (!is_possible(each, definition, saga, step)) continue;
    text += (text.empty() ? "" : ", ") +
            advice_text(each, name, saga.id.to_string(), wait ? wait->signal : "");
  }
  return text;
}

}  // namespace skald
