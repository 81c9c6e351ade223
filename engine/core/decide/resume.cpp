// Resume and retry: what makes a saga go on that stands still or waits.
#include <fmt/format.h>

#include "decide/decider.hpp"
#include "saga/command_body.hpp"

namespace skald {

using Code = Refused::Code;

void Decider::operator()(const ResumeRequested& input) {
  if (refuse_if_ended("resume")) return;
  const bool stuck = saga_.status == Status::stuck;
  if (!saga_.paused && !stuck) {
    refuse(Code::wrong_state, std::string("nothing to resume: the saga is ") +
                                  to_string(saga_.status) + ", neither paused nor stuck");
    return;
  }
  // What is asked of a step that is being undone is its compensation.
  const bool undoes = stuck && saga_.stuck->step != no_step
                          ? saga_.stuck->direction == Direction::compensate
                          : turning_back();
  if (input.input_patch) {
    const StepIndex target = input.step != no_step ? input.step
                             : stuck               ? saga_.stuck->step
                                                   : no_step;
    if (target >= saga_.steps.size()) {
      refuse(Code::invalid, "an input patch needs the step it is for: give --step");
      return;
    }
    if (undoes && !step_of(target).compensation) {
      refuse(Code::wrong_state, "the saga turns back, and step " + step_of(target).name +
                                    " has no compensation whose input could be patched");
      return;
    }
    const bool in_use = undoes ? undo_begun(state(target)) &&
                                     state(target).compensation != CompensationStatus::stuck
                               : is_done(state(target));
    if (in_use) {
      refuse(Code::wrong_state,
             fmt::format("{} {} is {} already; its input can no longer be patched",
                         undoes ? "the compensation of step" : "step", step_of(target).name,
                         undoes ? "under way or closed" : "done"));
      return;
    }
    // Should it be sent again, after a crash, it has to say the same.
    if (state(target).of(undoes ? Direction::compensate : Direction::action).outstanding) {
      refuse(Code::wrong_state,
             fmt::format("an attempt of {} {} is under way; its input can be patched once that is "
                         "answered or has timed out",
                         undoes ? "the compensation of step" : "step", step_of(target).name));
      return;
    }
    if (refuse_patch(target, *input.input_patch, undoes)) return;
  }
  if (saga_.paused) {
    const Direction direction = undoes ? Direction::compensate : Direction::action;
    record(SagaResumed{input.requester, true, input.step, direction, input.input_patch});
    advance();
    return;
  }
  resume_stuck(input.step, input.requester, input.input_patch);
}

// Checked before it is kept: an input that cannot be sent would stop the saga when its turn comes.
bool Decider::refuse_patch(StepIndex step, const JsonText& patch, bool undoes) {
  if (refuse_payload("the patch", patch)) return true;
  std::string problem;
  const auto patched = undoes ? undo_input(definition_, saga_, step, &patch, trees_, problem)
                              : step_input(definition_, saga_, step, patch, trees_, problem);
  if (patched) return false;
  refuse(Code::invalid,
         fmt::format("the input of {} {} {}", undoes ? "the compensation of step" : "step",
                     step_of(step).name, problem));
  return true;
}

// `named`: the step that the request is for; no_step: whatever the saga is stuck at.
void Decider::resume_stuck(StepIndex named, const Requester& requester,
                           std::optional<JsonText> patch) {
  if (named != no_step && named != saga_.stuck->step) {
    // Another branch of an undo side by side may be stuck as well.
    if (!turning_back() || state(named).compensation != CompensationStatus::stuck) {
      refuse(Code::wrong_state, "the saga is not stuck at step " + step_of(named).name);
      return;
    }
    record(SagaResumed{requester, false, named, Direction::compensate, std::move(patch)});
    advance();
    return;
  }
  const StepIndex step = saga_.stuck->step;
  const Direction direction = saga_.stuck->direction;
  // An answer that came while the saga was stuck may have decided the step already.
  const bool decided =
      step == no_step ||
      (direction == Direction::compensate ? state(step).compensation != CompensationStatus::stuck
                                          : is_done(state(step)));
  record(SagaResumed{requester, false, decided ? no_step : step, direction, std::move(patch)});
  // Of branches undone side by side, several may be stuck: each gets its new round.
  for (const StepIndex other : saga_.undo_plan) {
    if (state(other).compensation != CompensationStatus::stuck) continue;
    record(SagaResumed{requester, false, other, Direction::compensate, std::nullopt});
  }
  advance();
}

void Decider::operator()(const RetryRequested& input) {
  if (refuse_if_ended("retry")) return;
  if (saga_.paused) {
    refuse(Code::wrong_state, "cannot retry: the saga is paused; resume it first");
    return;
  }
  if (saga_.status == Status::stuck) {
    resume_stuck(input.step, input.requester, std::nullopt);
    return;
  }
  bool found = false;
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    if (input.step != no_step && input.step != i) continue;
    for (Direction d : {Direction::action, Direction::compensate, Direction::resolve}) {
      if (!state(i).of(d).retry_at) continue;
      record(RetryHastened{i, d, input.requester});
      found = true;
    }
  }
  if (!found) {
    refuse(Code::wrong_state, "nothing to retry: no attempt waits for its back-off");
    return;
  }
  advance();
}

}  // namespace skald
