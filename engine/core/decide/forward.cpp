// The way forward: issue what is ready, complete when all is done.
#include <fmt/format.h>

#include "decide/decider.hpp"
#include "saga/command_body.hpp"
#include "skald/limits.hpp"

namespace skald {
namespace {

// Whose input it is that a command needs, as people call it.
std::string input_owner(const Step& step, Direction direction) {
  if (direction == Direction::action) return step.name;
  return fmt::format("{} of {}", action_name(step, direction), step.name);
}

}  // namespace

bool Decider::started() const {
  return !saga_.not_before || *saga_.not_before <= now_ || has_begun(saga_);
}

void Decider::step_done(StepIndex step) {
  trees_.forget_output(step);
  for (const StepIndex next : definition_.shape().successors[step]) concerned_.push_back(next);
  // Its place in the group is free for the next element.
  const Step& s = step_of(step);
  if (s.group_limit == 0) return;
  const StepIndex next = saga_.begun.first_missing(s.group_first, s.group_end);
  if (next != s.group_end) concerned_.push_back(next);
}

void Decider::go_forward() {
  fulfil_wish();
  const auto forward = [this] {
    return saga_.status == Status::pending || saga_.status == Status::running;
  };
  if (!forward() || !started() || !take_locks()) return;
  if (!saga_.paused) {
    walking_ = true;
    if (everything_) {
      // What failed while the saga stood still may turn it back: nothing is begun before that.
      for (StepIndex i = 0; i < saga_.steps.size() && forward(); ++i) {
        if (would_turn_back(i)) consider(i);
      }
      for (StepIndex i = 0; i < saga_.steps.size() && forward(); ++i) consider(i);
    }
    // By index: looking at one may add others.
    for (std::size_t i = 0; i < concerned_.size() && forward(); ++i) consider(concerned_[i]);
    concerned_.clear();
    walking_ = false;
  }
  if (forward() && !saga_.paused && saga_.failing && !siblings_under_way()) {
    turn_back(*saga_.failing, {});
    return;
  }
  if (forward() && saga_.done.size() == saga_.steps.size()) complete();
}

bool Decider::would_turn_back(StepIndex step) const {
  const StepStatus status = saga_.steps[step].status;
  const bool doubtful = status == StepStatus::unknown && step_of(step).kind != StepKind::pivot &&
                        !resolve_pending(step);
  const bool failed = status == StepStatus::rejected || status == StepStatus::failed;
  return (failed || doubtful) && step_of(step).on_failure.action == OnFailure::Action::compensate;
}

void Decider::consider(StepIndex step) {
  const StepState& s = state(step);
  switch (s.status) {
    case StepStatus::pending:
      if (!saga_.failing && definition_.shape().before[step].subset_of(saga_.done) &&
          !group_is_full(step) && admission_.goes_on()) {
        begin(step);
      }
      break;
    case StepStatus::waiting: end_wait(step); break;
    case StepStatus::dispatched: hedge(step); break;
    case StepStatus::retry_wait: issue_when_due(step, Direction::action); break;
    case StepStatus::unknown: resolve_doubt(step); break;
    case StepStatus::rejected:
    case StepStatus::failed:
      // Decided while the saga stood still because of another step.
      step_failed(step, s.error.value_or(ErrorInfo{}));
      break;
    case StepStatus::succeeded:
    case StepStatus::skipped:
    case StepStatus::cancelled: break;
  }
}

void Decider::begin(StepIndex step) {
  const Step& s = step_of(step);
  if (!condition_holds(definition_, saga_, s, trees_)) {
    record(StepSkipped{step, std::nullopt, {"WHEN", "its condition did not hold", {}}});
    return;
  }
  if (s.as<Sleep>()) {
    begin_sleep(step);
  } else if (const auto* wait = s.as<WaitFor>()) {
    const auto until = wait->timeout ? std::optional(later(now_, *wait->timeout)) : std::nullopt;
    record(StepWaiting{step, until});
    end_wait(step);
  } else if (s.as<ChildSaga>()) {
    start_child(step);
  } else if (const auto* group = s.as<Gather>()) {
    gather(step, *group);
  } else {
    issue(step, Direction::action);
  }
}

void Decider::hedge(StepIndex step) {
  const auto due = hedge_due(step_of(step), state(step));
  if (!due || *due > now_) return;
  issue(step, Direction::action, true);
}

void Decider::resolve_doubt(StepIndex step) {
  if (resolve_pending(step)) {
    issue_when_due(step, Direction::resolve);
  } else {
    step_in_doubt(step, state(step).error.value_or(ErrorInfo{}));
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

bool Decider::issue(StepIndex step, Direction direction, bool hedged) {
  const Attempts& a = state(step).of(direction);
  const bool retry = a.in_round() > 0;
  if (saga_.paused || !may_go_on(step, direction)) return false;
  if (!admission_.admits(step_of(step).participant, direction, retry)) return false;
  std::string problem;
  auto body = command_body(definition_, saga_, step, direction, trees_, problem);
  if (!body) {
    get_stuck(step, direction,
              {"TEMPLATE",
               fmt::format("the input of {} {}", input_owner(step_of(step), direction), problem),
               {}});
    return false;
  }
  if (hedged) record(AttemptHedged{{step, direction, a.made}});
  const AttemptRef attempt{step, direction, a.made + 1};
  record(CommandIssued{attempt, a.round});
  decision_.effects.emplace_back(SendCommand{attempt, *std::move(body)});
  return true;
}

// Asks once for a step that begins: consider() has done so.
bool Decider::may_go_on(StepIndex step, Direction direction) {
  const Attempts& a = state(step).of(direction);
  const bool begins = direction == Direction::action && a.made == 0;
  if (!begins && !admission_.goes_on()) return false;
  if (saga_.version < journal_rows_max) return true;
  get_stuck(step, direction,
            {"HISTORY",
             fmt::format("its history has {} rows, and no new attempt is made beyond {}: say what "
                         "happened to the step (skip), or abandon the saga",
                         saga_.version, journal_rows_max),
             {}});
  return false;
}

void Decider::complete() {
  JsonText output;
  if (definition_.output) {
    std::string problem;
    auto rendered =
        render_template(*definition_.output, definition_, saga_, nullptr, trees_, problem);
    if (!rendered) {
      get_stuck(no_step, Direction::action, {"TEMPLATE", "the output of the saga " + problem, {}});
      return;
    }
    output = *std::move(rendered);
  }
  record(SagaCompleted{std::move(output)});
}

void Decider::get_stuck(StepIndex step, Direction direction, ErrorInfo error) {
  const Status resumes_to = turning_back() ? Status::compensating : Status::running;
  record(SagaStuck{Stuck{step, direction, resumes_to, std::move(error)}});
}

}  // namespace skald
