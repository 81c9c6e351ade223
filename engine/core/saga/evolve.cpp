// evolve(), and what facts change of a saga as a whole.
#include <algorithm>

#include "saga/evolver.hpp"
#include "skald/evolve.hpp"
#include "skald/limits.hpp"

namespace skald {

void evolve(Saga& saga, const Event& event, Time at) { std::visit(Evolver{saga, at}, event); }

void evolve_row(Saga& saga, const std::vector<Event>& events, std::uint64_t version, Time at) {
  for (const Event& event : events) evolve(saga, event, at);
  saga.version = version;
  saga.updated_at = at;
}

bool goes_forward_only(const Definition& definition, const Saga& saga) {
  const Shape& shape = definition.shape();
  if (shape.pivot != no_step && saga.steps[shape.pivot].status == StepStatus::succeeded)
    return true;
  return saga.begun.meets(shape.retriable);
}

Duration attempt_timeout(const Step& step, Direction direction) {
  return direction == Direction::compensate ? step.compensation->timeout : step.timeout;
}

const std::string& action_name(const Step& step, Direction direction) {
  switch (direction) {
    case Direction::action: break;
    case Direction::compensate: return step.compensation->action;
    case Direction::resolve: return step.resolve;
  }
  return step.action;
}

std::vector<AttemptRef> outstanding_attempts(const Saga& saga) {
  std::vector<AttemptRef> found;
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    for (Direction d : {Direction::action, Direction::compensate, Direction::resolve}) {
      const Attempts& a = saga.steps[i].of(d);
      if (a.outstanding) found.push_back({i, d, a.made});
    }
  }
  return found;
}

void Evolver::operator()(const SagaStarted& e) {
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

void Evolver::operator()(const SagaTurnedBack& e) {
  saga_.status = Status::compensating;
  saga_.turn_back = e.cause;
  saga_.undo_plan = e.plan;
  saga_.stuck.reset();
  saga_.wish.reset();
  saga_.failing.reset();
  saga_.ended_at.reset();  // A completed child saga may be turned back by its parent.
  saga_.output.reset();
  for (StepIndex i = 0; i < saga_.steps.size(); ++i) {
    const bool planned = std::find(e.plan.begin(), e.plan.end(), i) != e.plan.end();
    if (planned) saga_.steps[i].compensation = CompensationStatus::pending;
    stop_trying(i, planned);
  }
}

void Evolver::operator()(const SagaStuck& e) {
  saga_.status = Status::stuck;
  saga_.stuck = e.why;
  if (e.why.step != no_step && e.why.direction == Direction::compensate) {
    step(e.why.step).compensation = CompensationStatus::stuck;
  }
}

void Evolver::operator()(const WishRecorded& e) { saga_.wish = Wish{e.reason, at_}; }

void Evolver::operator()(const SagaResumed& e) {
  if (e.input_patch && e.step != no_step) {
    StepState& s = step(e.step);
    (e.direction == Direction::compensate ? s.undo_patch : s.input_patch) = e.input_patch;
  }
  if (e.unpaused) {
    saga_.paused = false;
    return;
  }
  if (saga_.stuck) saga_.status = saga_.stuck->resumes_to;
  saga_.stuck.reset();
  if (e.step != no_step) begin_round(e.step, e.direction);
}

void Evolver::operator()(const SagaPaused&) { saga_.paused = true; }

void Evolver::operator()(const OperatorDecided& e) {
  saga_.forced = true;
  if (e.verdict != "compensated" && saga_.turn_back == std::nullopt) step(e.step).forced = true;
}

void Evolver::operator()(const ContradictionSeen&) { saga_.contradicted = true; }

void Evolver::operator()(const ReplayStarted& e) {
  saga_.replayed_by = e.by;
  if (e.key_handed_over) saga_.holds_key = false;
}

void Evolver::operator()(const SagaCompleted& e) {
  end(Status::completed);
  saga_.output = e.output;
}

void Evolver::operator()(const SagaCompensated&) { end(Status::compensated); }

void Evolver::operator()(const SagaAbandoned&) {
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

void Evolver::operator()(const SignalKept& e) {
  saga_.signals.push_back({e.name, e.data, at_});
  if (!e.id) return;
  if (saga_.signal_ids.size() >= signal_ids_max) saga_.signal_ids.erase(saga_.signal_ids.begin());
  saga_.signal_ids.push_back(*e.id);
}

void Evolver::operator()(const SignalTaken& e) {
  const auto kept = std::find_if(saga_.signals.begin(), saga_.signals.end(),
                                 [&e](const KeptSignal& s) { return s.name == e.name; });
  if (kept != saga_.signals.end()) saga_.signals.erase(kept);
}

void Evolver::operator()(const LocksAwaited& e) { saga_.lock_wait = LockWait{e.name, e.behind}; }

void Evolver::operator()(const LocksGranted&) {
  saga_.holds_locks = true;
  saga_.lock_wait.reset();
}

void Evolver::operator()(const SiblingsAwaited& e) { saga_.failing = e.cause; }

void Evolver::operator()(const MessageQuarantined& e) {
  saga_.unusable = UnusableNotice{e.step, e.reason, e.detail, at_};
  ++saga_.unusable_count;
}

void Evolver::operator()(const KeyHandedOver&) { saga_.holds_key = false; }

void Evolver::end(Status status) {
  saga_.status = status;
  saga_.ended_at = at_;
  saga_.paused = false;
  saga_.stuck.reset();
  saga_.wish.reset();
  saga_.failing.reset();
}

}  // namespace skald
