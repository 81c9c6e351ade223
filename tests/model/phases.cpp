#include "phases.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace skald::model {
namespace {

constexpr std::array<const char*, phase_count> phase_names{
    "not started",
    "pending, not admitted",
    "delayed start",
    "for its locks",
    "first step dispatched",
    "first step between attempts",
    "first step between attempts, one unanswered",
    "first step in doubt, resolve under way",
    "second step dispatched",
    "second step between attempts",
    "second step between attempts, one unanswered",
    "second step in doubt, resolve under way",
    "pivot dispatched",
    "pivot dispatched, cancel recorded",
    "pivot between attempts, all answered",
    "pivot between attempts, one unanswered",
    "pivot between attempts, cancel recorded",
    "pivot in doubt, resolve under way",
    "pivot in doubt, cancel recorded",
    "retriable step dispatched",
    "retriable step between attempts",
    "retriable step between attempts, one unanswered",
    "retriable step in doubt, resolve under way",
    "next step not admitted",
    "asleep",
    "for a signal",
    "a signal kept",
    "child running",
    "two branches under way",
    "one branch hedged",
    "two branches, not both under way",
    "stuck at a compensatable step",
    "stuck at the pivot, in doubt",
    "stuck at the pivot, refused",
    "stuck at the retriable step",
    "turned back, a step still in flight",
    "one branch refused, the other in flight",
    "turned back, resolve under way",
    "turned back, not admitted",
    "compensation dispatched",
    "compensation between attempts",
    "child told to turn back",
    "stuck in a compensation",
    "stuck because the child was abandoned",
    "paused on the way forward",
    "child running and the saga paused",
    "paused while compensating",
    "paused and stuck",
    "completed",
    "completed child of another saga",
    "compensated",
    "abandoned",
    "unheard of",
};

bool child_runs(const StepState& s) { return s.child && s.status == StepStatus::waiting; }

bool some_child_runs(const Saga& saga) {
  return std::any_of(saga.steps.begin(), saga.steps.end(), child_runs);
}

// The four phases of a step of one kind, in the order of the enumeration.
Phase of_step(Phase dispatched, const StepState& s) {
  const auto phase = [dispatched](int further) {
    return static_cast<Phase>(static_cast<int>(dispatched) + further);
  };
  switch (s.status) {
    case StepStatus::dispatched: return phase(0);
    case StepStatus::retry_wait: return phase(s.of(Direction::action).unanswered.empty() ? 1 : 2);
    case StepStatus::unknown: return phase(3);
    case StepStatus::pending: return Phase::next_not_admitted;
    default: return Phase::unheard_of;
  }
}

Phase of_pivot(const StepState& s, bool wish) {
  switch (s.status) {
    case StepStatus::dispatched:
      return wish ? Phase::pivot_dispatched_wish : Phase::pivot_dispatched;
    case StepStatus::retry_wait:
      if (wish) return Phase::pivot_between_wish;
      return s.of(Direction::action).unanswered.empty() ? Phase::pivot_between
                                                        : Phase::pivot_between_unanswered;
    case StepStatus::unknown: return wish ? Phase::pivot_in_doubt_wish : Phase::pivot_in_doubt;
    case StepStatus::pending: return Phase::next_not_admitted;
    default: return Phase::unheard_of;
  }
}

Phase of_wait(const Step& step) {
  if (step.as<Sleep>()) return Phase::asleep;
  return step.as<WaitFor>() ? Phase::awaits_signal : Phase::child_running;
}

Phase of_branches(const Saga& saga, const std::vector<StepIndex>& front) {
  bool hedged = false;
  for (const StepIndex step : front) {
    const StepState& s = saga.steps[step];
    if (s.status != StepStatus::dispatched) return Phase::branches_apart;
    hedged = hedged || !s.of(Direction::action).unanswered.empty();
  }
  return hedged ? Phase::branch_hedged : Phase::branches_under_way;
}

Phase forward(const Definition& definition, const Saga& saga) {
  if (!saga.signals.empty()) return Phase::signal_kept;
  std::vector<StepIndex> front;  // Not done, and their turn has come.
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    if (saga.done.contains(i) || !definition.shape().before[i].subset_of(saga.done)) continue;
    if (saga.steps[i].status == StepStatus::waiting) return of_wait(definition.steps[i]);
    front.push_back(i);
  }
  if (front.size() > 1) return of_branches(saga, front);
  if (front.empty()) return Phase::unheard_of;
  const StepState& s = saga.steps[front.front()];
  switch (definition.steps[front.front()].kind) {
    case StepKind::pivot: return of_pivot(s, saga.wish.has_value());
    case StepKind::retriable: return of_step(Phase::retriable_dispatched, s);
    case StepKind::compensatable: break;
  }
  return of_step(saga.done.empty() ? Phase::first_dispatched : Phase::second_dispatched, s);
}

Phase not_begun(const Saga& saga, Time now) {
  if (saga.version == 0) return Phase::not_started;
  if (saga.not_before && *saga.not_before > now) return Phase::delayed;
  if (!saga.locks.empty() && !saga.holds_locks) return Phase::awaits_locks;
  return Phase::not_admitted;
}

Phase back(const Saga& saga) {
  for (const StepIndex planned : saga.undo_plan) {
    const StepState& s = saga.steps[planned];
    switch (s.compensation) {
      case CompensationStatus::compensated:
      case CompensationStatus::skipped: continue;
      case CompensationStatus::dispatched:
        return s.child ? Phase::child_turning_back : Phase::undo_dispatched;
      case CompensationStatus::retry_wait: return Phase::undo_between;
      case CompensationStatus::pending: break;
      case CompensationStatus::none:
      case CompensationStatus::stuck: return Phase::unheard_of;
    }
    if (s.of(Direction::action).outstanding) {
      const bool of_a_branch = saga.turn_back && saga.turn_back->step != no_step;
      return of_a_branch ? Phase::turned_branch_in_flight : Phase::turned_in_flight;
    }
    const Attempts& resolve = s.of(Direction::resolve);
    if (resolve.outstanding || resolve.retry_at) return Phase::turned_resolving;
    return Phase::undo_not_admitted;
  }
  return Phase::unheard_of;
}

Phase stuck_phase(const Definition& definition, const Saga& saga) {
  const Stuck& why = *saga.stuck;
  if (why.step == no_step) return Phase::unheard_of;
  const StepState& s = saga.steps[why.step];
  if (why.resumes_to == Status::compensating) {
    return s.child ? Phase::stuck_child_abandoned : Phase::stuck_undo;
  }
  switch (definition.steps[why.step].kind) {
    case StepKind::compensatable: return Phase::stuck_compensatable;
    case StepKind::retriable: return Phase::stuck_retriable;
    case StepKind::pivot: break;
  }
  return s.status == StepStatus::unknown ? Phase::stuck_pivot_in_doubt : Phase::stuck_pivot_refused;
}

Phase paused(const Saga& saga) {
  if (saga.status == Status::stuck) return Phase::paused_stuck;
  if (saga.status == Status::compensating) return Phase::paused_back;
  return some_child_runs(saga) ? Phase::paused_child_running : Phase::paused_forward;
}

}  // namespace

const char* to_string(Phase phase) { return phase_names[static_cast<std::size_t>(phase)]; }

Phase phase_of(const Definition& definition, const Saga& saga, Time now) {
  if (saga.paused) return paused(saga);
  switch (saga.status) {
    case Status::pending: return saga.signals.empty() ? not_begun(saga, now) : Phase::signal_kept;
    case Status::running: return forward(definition, saga);
    case Status::compensating: return back(saga);
    case Status::stuck: return stuck_phase(definition, saga);
    case Status::completed: return saga.parent ? Phase::completed_child : Phase::completed;
    case Status::compensated: return Phase::compensated;
    case Status::abandoned: return Phase::abandoned;
  }
  return Phase::unheard_of;
}

}  // namespace skald::model
