// evolve(): what each fact changes. One overload per event, so a new one breaks the build.
#include <algorithm>

#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald {
namespace {

class Evolver {
 public:
  Evolver(Saga& saga, Time at) : saga_(saga), at_(at) {}

  void operator()(const SagaStarted& e) {
    saga_.id = e.id;
    saga_.type = e.type;
    saga_.definition_version = e.definition_version;
    saga_.definition = e.definition;
    saga_.key = e.key;
    saga_.holds_key = e.key.has_value();
    saga_.input = e.input;
    saga_.started_at = at_;
    saga_.deadline = e.deadline;
    saga_.replay_of = e.replay_of;
    saga_.not_before = e.not_before;
    if (e.priority) saga_.priority = static_cast<std::uint8_t>(*e.priority);
    saga_.parent = e.parent;
    saga_.root = e.root.value_or(e.id);
    saga_.depth = e.depth;
    saga_.locks = e.locks;
    saga_.steps.resize(e.step_count);
    for (const CarriedOutput& carried : e.carried) {
      StepState& s = step(carried.step);
      s.status = StepStatus::succeeded;
      s.output = carried.output;
      s.carried_over = true;
      s.decided = ++saga_.decided;
      saga_.done.insert(carried.step);
      saga_.begun.insert(carried.step);
    }
  }

  void operator()(const CommandIssued& e) {
    Attempts& a = attempts(e.attempt);
    a.made = e.attempt.attempt;
    a.round = e.round;
    a.outstanding = true;
    a.retry_at.reset();
    if (!a.round_started_at) a.round_started_at = at_;
    StepState& s = step(e.attempt.step);
    switch (e.attempt.direction) {
      case Direction::action:
        begin(e.attempt.step, StepStatus::dispatched);
        s.issued_at = at_;
        break;
      case Direction::compensate:
        s.compensation = CompensationStatus::dispatched;
        if (!s.undo_started_at) s.undo_started_at = at_;
        break;
      case Direction::resolve: break;
    }
    if (saga_.status == Status::pending) saga_.status = Status::running;
    note_timer(e.attempt.step);
  }

  void operator()(const AttemptFailed& e) {
    Attempts& a = attempts(e.attempt);
    a.outstanding = false;
    a.error = e.error;
  }

  void operator()(const AttemptUnanswered& e) {
    Attempts& a = attempts(e.attempt);
    a.outstanding = false;
    a.unanswered.push_back(e.attempt.attempt);
    a.error = e.error;
  }

  void operator()(const LateFailure& e) {
    std::erase(attempts(e.attempt).unanswered, e.attempt.attempt);
  }

  void operator()(const RetryScheduled& e) {
    StepState& s = step(e.step);
    s.of(e.direction).retry_at = e.at;
    if (e.direction == Direction::action) s.status = StepStatus::retry_wait;
    if (e.direction == Direction::compensate) s.compensation = CompensationStatus::retry_wait;
    saga_.timed.insert(e.step);
  }

  void operator()(const StepSucceeded& e) {
    StepState& s = decide_action(e.attempt.step, StepStatus::succeeded);
    s.output = e.output;
    s.error.reset();
    s.of(Direction::action).unanswered.clear();
    if (saga_.wish && saga_.status != Status::compensating) saga_.wish.reset();
  }

  void operator()(const StepRejected& e) {
    if (e.attempt.direction == Direction::compensate) {
      Attempts& a = attempts(e.attempt);
      a.outstanding = false;
      a.retry_at.reset();
      a.error = e.error;
      note_timer(e.attempt.step);
      return;
    }
    StepState& s = decide_action(e.attempt.step, StepStatus::rejected);
    s.error = e.error;
    s.of(Direction::action).unanswered.clear();
  }

  void operator()(const StepFailed& e) {
    decide_action(e.step, StepStatus::failed).error = e.error;
  }
  void operator()(const StepInDoubt& e) {
    decide_action(e.step, StepStatus::unknown).error = e.error;
  }

  void operator()(const StepSkipped& e) {
    Attempts& a = step(e.step).of(Direction::action);
    if (a.outstanding) a.unanswered.push_back(a.made);
    StepState& s = decide_action(e.step, StepStatus::skipped);
    s.output = e.output;
    s.error = e.error;
  }

  void operator()(const SagaTurnedBack& e) {
    saga_.status = Status::compensating;
    saga_.turn_back = e.cause;
    saga_.undo_plan = e.plan;
    saga_.stuck.reset();
    saga_.wish.reset();
    saga_.ended_at.reset();  // A completed child saga may be turned back by its parent.
    saga_.output.reset();
    for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
      const bool planned = std::find(e.plan.begin(), e.plan.end(), i) != e.plan.end();
      if (planned) saga_.steps[i].compensation = CompensationStatus::pending;
      stop_trying(i, planned);
    }
  }

  void operator()(const StepCompensated& e) {
    StepState& s = close_compensation(e.attempt.step, CompensationStatus::compensated);
    s.of(Direction::compensate).error.reset();
    if (e.attempt.attempt == 0) s.undo_forced = true;
  }

  void operator()(const CompensationSkipped& e) {
    StepState& s = close_compensation(e.step, CompensationStatus::skipped);
    if (!e.no_effect) s.undo_forced = true;
  }

  void operator()(const SagaStuck& e) {
    saga_.status = Status::stuck;
    saga_.stuck = e.why;
    if (e.why.step != no_step && e.why.direction == Direction::compensate) {
      step(e.why.step).compensation = CompensationStatus::stuck;
    }
  }

  void operator()(const WishRecorded& e) { saga_.wish = Wish{e.reason, at_}; }

  void operator()(const SagaResumed& e) {
    if (e.input_patch && e.step != no_step) step(e.step).input_patch = e.input_patch;
    if (e.unpaused) {
      saga_.paused = false;
      return;
    }
    if (saga_.stuck) saga_.status = saga_.stuck->resumes_to;
    saga_.stuck.reset();
    if (e.step != no_step) begin_round(e.step, e.direction);
  }

  void operator()(const RetryHastened& e) {
    step(e.step).of(e.direction).retry_at = at_;
    saga_.timed.insert(e.step);
  }
  void operator()(const SagaPaused&) { saga_.paused = true; }

  void operator()(const OperatorDecided& e) {
    saga_.forced = true;
    if (e.verdict != "compensated" && saga_.turn_back == std::nullopt) step(e.step).forced = true;
  }

  void operator()(const ContradictionSeen&) { saga_.contradicted = true; }

  void operator()(const ReplayStarted& e) {
    saga_.replayed_by = e.by;
    if (e.key_handed_over) saga_.holds_key = false;
  }

  void operator()(const SagaCompleted& e) {
    end(Status::completed);
    saga_.output = e.output;
  }
  void operator()(const SagaCompensated&) { end(Status::compensated); }
  void operator()(const SagaAbandoned&) {
    end(Status::abandoned);
    saga_.forced = true;
    for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
      stop_trying(i, false);
      for (Attempts& a : saga_.steps[i].attempts) {
        a.outstanding = false;
        a.retry_at.reset();
      }
    }
    saga_.timed = {};
  }

  void operator()(const StepWaiting& e) {
    begin(e.step, StepStatus::waiting);
    step(e.step).wake_at = e.until;
    note_timer(e.step);
  }
  void operator()(const SignalKept& e) { saga_.signals.push_back({e.name, e.data, at_}); }
  void operator()(const SignalTaken& e) {
    const auto kept = std::find_if(saga_.signals.begin(), saga_.signals.end(),
                                   [&e](const KeptSignal& s) { return s.name == e.name; });
    if (kept != saga_.signals.end()) saga_.signals.erase(kept);
  }
  void operator()(const ChildStarted& e) {
    begin(e.attempt.step, StepStatus::waiting);
    StepState& s = step(e.attempt.step);
    s.child = e.child;
    s.of(Direction::action).made = e.attempt.attempt;
  }
  void operator()(const ChildTurnedBack& e) {
    StepState& s = step(e.attempt.step);
    Attempts& a = attempts(e.attempt);
    a.made = e.attempt.attempt;
    a.error.reset();
    s.compensation = CompensationStatus::dispatched;
    if (!s.undo_started_at) s.undo_started_at = at_;
  }
  void operator()(const AttemptHedged& e) {
    Attempts& a = attempts(e.attempt);
    a.outstanding = false;
    a.unanswered.push_back(e.attempt.attempt);
  }
  void operator()(const LocksAwaited& e) { saga_.lock_wait = LockWait{e.name, e.behind}; }
  void operator()(const LocksGranted&) {
    saga_.holds_locks = true;
    saga_.lock_wait.reset();
  }

 private:
  StepState& step(StepIndex index) { return saga_.steps.at(index); }
  Attempts& attempts(const AttemptRef& ref) { return step(ref.step).of(ref.direction); }

  // The step is under way.
  void begin(StepIndex index, StepStatus status) {
    StepState& s = step(index);
    s.status = status;
    if (!s.started_at) s.started_at = at_;
    saga_.begun.insert(index);
    if (saga_.status == Status::pending) saga_.status = Status::running;
  }

  void note_timer(StepIndex index) {
    const StepState& s = saga_.steps[index];
    const bool retries = std::any_of(s.attempts.begin(), s.attempts.end(),
                                     [](const Attempts& a) { return a.retry_at.has_value(); });
    if (retries || s.wake_at) {
      saga_.timed.insert(index);
    } else {
      saga_.timed.erase(index);
    }
  }

  // The action is decided, or given up: nothing more is tried or awaited for it.
  StepState& decide_action(StepIndex index, StepStatus status) {
    StepState& s = step(index);
    s.status = status;
    s.ended_at = at_;
    s.decided = ++saga_.decided;
    s.wake_at.reset();
    for (Direction d : {Direction::action, Direction::resolve}) {
      s.of(d).outstanding = false;
      s.of(d).retry_at.reset();
    }
    if (status == StepStatus::succeeded || status == StepStatus::skipped) {
      saga_.done.insert(index);
      saga_.begun.insert(index);
    }
    // A saga whose first steps send no command gets under way here.
    if (saga_.status == Status::pending) saga_.status = Status::running;
    note_timer(index);
    return s;
  }

  StepState& close_compensation(StepIndex index, CompensationStatus status) {
    StepState& s = step(index);
    s.compensation = status;
    s.undo_ended_at = at_;
    s.of(Direction::compensate).outstanding = false;
    s.of(Direction::compensate).retry_at.reset();
    note_timer(index);
    return s;
  }

  // No further attempts of the action. One that is in flight is awaited if the plan depends on it.
  void stop_trying(StepIndex index, bool await_answer) {
    StepState& s = saga_.steps[index];
    Attempts& a = s.of(Direction::action);
    a.retry_at.reset();
    s.wake_at.reset();
    if (!await_answer) {
      // Nobody acts on what became of it any more.
      s.of(Direction::resolve).outstanding = false;
      s.of(Direction::resolve).retry_at.reset();
    }
    note_timer(index);
    const bool child_runs = s.status == StepStatus::waiting && s.child.has_value();
    if ((a.outstanding || child_runs) && await_answer) return;
    if (a.outstanding) {
      a.outstanding = false;
      a.unanswered.push_back(a.made);
    }
    const bool undecided = s.status == StepStatus::pending || s.status == StepStatus::waiting ||
                           s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait;
    if (!undecided) return;
    s.status = a.unanswered.empty() ? StepStatus::cancelled : StepStatus::unknown;
    if (a.made > 0 || s.started_at) s.ended_at = at_;
    if (!s.error) s.error = a.error;
  }

  void begin_round(StepIndex index, Direction direction) {
    StepState& s = step(index);
    Attempts& a = s.of(direction);
    a.before_round = a.made;
    ++a.round;
    a.round_started_at.reset();
    a.retry_at.reset();
    note_timer(index);
    if (direction == Direction::compensate) {
      s.compensation = CompensationStatus::pending;
    } else {
      s.status = StepStatus::pending;
      s.ended_at.reset();
      s.error.reset();
      // A new round may ask anew what became of the action.
      Attempts& resolve = s.of(Direction::resolve);
      resolve.before_round = resolve.made;
      resolve.round = a.round;
      resolve.round_started_at.reset();
    }
  }

  void end(Status status) {
    saga_.status = status;
    saga_.ended_at = at_;
    saga_.paused = false;
    saga_.stuck.reset();
    saga_.wish.reset();
  }

  Saga& saga_;
  Time at_;
};

}  // namespace

void evolve(Saga& saga, const Event& event, Time at) { std::visit(Evolver{saga, at}, event); }

void evolve_row(Saga& saga, const std::vector<Event>& events, std::uint64_t version, Time at) {
  for (const Event& event : events) evolve(saga, event, at);
  saga.version = version;
  saga.updated_at = at;
}

Saga fold(const std::vector<JournalRow>& rows) {
  Saga saga;
  for (const JournalRow& row : rows) evolve_row(saga, row.events, row.version, row.at);
  return saga;
}

}  // namespace skald
