// The way forward: issue what is ready, complete when all is done.
#include "command_body.hpp"
#include "decider.hpp"

namespace skald {

void Decider::go_forward() {
  fulfil_wish();
  if (saga_.status == Status::compensating) return;
  const StepIndex step = first_open_step(saga_);
  if (step == definition_.steps.size()) {
    complete();
    return;
  }
  switch (state(step).status) {
    case StepStatus::pending: issue(step, Direction::action); break;
    case StepStatus::retry_wait: issue_when_due(step, Direction::action); break;
    case StepStatus::unknown: issue_when_due(step, Direction::resolve); break;
    case StepStatus::waiting:
    case StepStatus::dispatched:
    case StepStatus::succeeded:
    case StepStatus::rejected:
    case StepStatus::failed:
    case StepStatus::skipped:
    case StepStatus::cancelled: break;
  }
}

void Decider::fulfil_wish() {
  if (!saga_.wish) return;
  const StepIndex pivot = definition_.pivot();
  if (may_have_happened(state(pivot))) return;
  turn_back(TurnBack{no_step, saga_.wish->reason}, {});
}

void Decider::issue_when_due(StepIndex step, Direction direction) {
  const Attempts& a = state(step).of(direction);
  if (a.outstanding || (a.retry_at && *a.retry_at > now_)) return;
  issue(step, direction);
}

bool Decider::issue(StepIndex step, Direction direction) {
  const Attempts& a = state(step).of(direction);
  const bool retry = a.in_round() > 0;
  if (saga_.paused || !admission_.admits(step_of(step).participant, direction, retry)) return false;
  std::string problem;
  auto body = command_body(definition_, saga_, step, direction, problem);
  if (!body) {
    get_stuck(step, direction,
              {"TEMPLATE", "the input of " + step_of(step).name + " " + problem, {}});
    return false;
  }
  const AttemptRef attempt{step, direction, a.made + 1};
  record(CommandIssued{attempt, a.round});
  decision_.effects.emplace_back(SendCommand{attempt, *std::move(body)});
  return true;
}

void Decider::complete() {
  JsonText output;
  if (definition_.output) {
    std::string problem;
    auto rendered = render_template(*definition_.output, definition_, saga_, problem);
    if (!rendered) {
      get_stuck(no_step, Direction::action, {"TEMPLATE", "the output of the saga " + problem, {}});
      return;
    }
    output = *std::move(rendered);
  }
  record(SagaCompleted{std::move(output)});
}

void Decider::get_stuck(StepIndex step, Direction direction, ErrorInfo error) {
  const Status resumes_to =
      saga_.status == Status::compensating ? Status::compensating : Status::running;
  record(SagaStuck{Stuck{step, direction, resumes_to, std::move(error)}});
}

}  // namespace skald
