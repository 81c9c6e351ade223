// Child sagas: a parent starts them, hears how they end, and turns them back.
//
// Parent and child change in the same transaction, so each always knows how the other stands.
#include <fmt/format.h>

#include "decide/decider.hpp"
#include "saga/command_body.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

namespace skald {

namespace {

// Pure, so that a decision made anew names the same child.
SagaId child_id(const SagaId& parent, const AttemptRef& attempt, Time now) {
  const Digest digest =
      Digest::of(fmt::format("{}/{}/{}", parent.to_string(), attempt.step, attempt.attempt));
  std::uint64_t words[2] = {0, 0};
  for (std::size_t i = 0; i < 16; ++i) words[i / 8] = words[i / 8] << 8 | digest.bytes()[i];
  return SagaId::make(now, words[0], words[1]);
}

ErrorInfo child_error(const ChildEnded& input) {
  const std::string id = input.child.to_string();
  if (input.status == Status::abandoned) {
    return {"CHILD_ABANDONED",
            fmt::format("child saga {} was abandoned; its effects may remain", id),
            {}};
  }
  const std::string why = input.error.message.empty() ? input.error.code : input.error.message;
  return {"CHILD_COMPENSATED", fmt::format("child saga {} was undone: {}", id, why), {}};
}

// Its effects stand, so the step may have happened.
ErrorInfo too_large(const ChildEnded& input) {
  return {"OUTPUT_TOO_LARGE",
          fmt::format("child saga {} completed, and its output of {} bytes does not fit: a saga "
                      "holds {} bytes at most",
                      input.child.to_string(), input.output.text().size(), saga_bytes_max),
          {}};
}

}  // namespace

void Decider::start_child(StepIndex step) {
  const AttemptRef attempt{step, Direction::action, state(step).of(Direction::action).made + 1};
  if (saga_.depth + 1 > saga_depth_max) {
    ErrorInfo error{
        "CHILD_DEPTH", fmt::format("sagas may be nested {} deep at most", saga_depth_max), {}};
    record(StepRejected{{step, Direction::action, 0}, error});
    step_failed(step, std::move(error));
    return;
  }
  std::string problem;
  const auto input = step_input(definition_, saga_, step, trees_, problem);
  if (!input) {
    get_stuck(step, Direction::action,
              {"TEMPLATE", fmt::format("the input of {} {}", step_of(step).name, problem), {}});
    return;
  }
  if (auto refusal = admission_.refuses_child(step_of(step), *input)) {
    if (!refusal->final) {
      get_stuck(step, Direction::action, std::move(refusal->error));
      return;
    }
    record(StepRejected{{step, Direction::action, 0}, refusal->error});
    step_failed(step, std::move(refusal->error));
    return;
  }
  const SagaId id = child_id(saga_.id, attempt, now_);
  record(ChildStarted{attempt, id});
  ++work().decisions;  // The child decides in the same turn.
  decision_.effects.emplace_back(StartChild{attempt, id, *input});
}

void Decider::operator()(const ChildEnded& input) {
  const StepIndex step = input.attempt.step;
  if (is_end(saga_.status) || step >= saga_.steps.size()) return;
  const StepState& s = state(step);
  if (s.child != input.child) return;  // Of an earlier round.
  look_at(step);
  if (s.compensation == CompensationStatus::dispatched) {
    child_undone(input);
    return;
  }
  if (s.status != StepStatus::waiting) return;
  if (input.status == Status::completed && has_space(input.output.text().size())) {
    record(StepSucceeded{input.attempt, input.output});
    advance();
    return;
  }
  ErrorInfo error = input.status == Status::completed ? too_large(input) : child_error(input);
  if (input.status == Status::compensated) {
    record(StepRejected{input.attempt, error});
    step_failed(step, std::move(error));
    return;
  }
  record(StepInDoubt{step, error});
  step_in_doubt(step, std::move(error));
}

void Decider::turn_child_back(StepIndex step) {
  const StepState& s = state(step);
  const SagaId child = *s.child;
  record(
      ChildTurnedBack{{step, Direction::compensate, s.of(Direction::compensate).made + 1}, child});
  ++work().decisions;  // The child decides in the same turn.
  decision_.effects.emplace_back(
      TurnChildBack{child,
                    {"PARENT_TURNED_BACK",
                     fmt::format("its parent, saga {}, turned back", saga_.id.to_string()),
                     {}}});
}

void Decider::child_undone(const ChildEnded& input) {
  const StepIndex step = input.attempt.step;
  const AttemptRef undo{step, Direction::compensate, state(step).of(Direction::compensate).made};
  const bool undecided = state(step).status == StepStatus::waiting;
  if (input.status == Status::compensated) {
    if (undecided) record(StepRejected{input.attempt, child_error(input)});
    record(StepCompensated{undo});
  } else if (input.status == Status::abandoned) {
    if (undecided) record(StepInDoubt{step, child_error(input)});
    record(StepRejected{undo, child_error(input)});
  }
  advance();
}

// The child will never be undone: somebody abandoned it.
void Decider::child_stays_undone(StepIndex step) {
  const StepState& s = state(step);
  const auto& error = s.of(Direction::compensate).error;
  if (s.child && error && !s.carried_over) get_stuck(step, Direction::compensate, *error);
}

void Decider::operator()(const ParentTurnedBack& input) {
  const bool gone = saga_.status == Status::compensated || saga_.status == Status::abandoned;
  if (gone || turning_back()) return;
  turn_back(TurnBack{no_step, input.reason}, {});
}

bool Decider::refuse_while_child_runs(StepIndex step) {
  const StepState& s = state(step);
  const bool runs = s.child && (s.status == StepStatus::waiting ||
                                s.compensation == CompensationStatus::dispatched);
  if (!runs) return false;
  refuse(Refused::Code::wrong_state,
         fmt::format("step {} is carried out by saga {}: resume, cancel or abandon that one",
                     step_of(step).name, s.child->to_string()));
  return true;
}

}  // namespace skald
