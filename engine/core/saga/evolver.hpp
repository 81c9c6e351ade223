// What each fact changes. One overload per event, so a new one breaks the build.
//
// The overloads are in two sources: evolve.cpp has what concerns the saga as a whole,
// evolve_steps.cpp what concerns one of its steps.
#pragma once

#include "skald/events.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Applies events to a saga; `at` is the time of their row. Each is total over what decide() can
/// produce from the saga.
class Evolver {
 public:
  Evolver(Saga& saga, Time at) : saga_(saga), at_(at) {}

  void operator()(const SagaStarted& e);
  void operator()(const CommandIssued& e);
  void operator()(const AttemptFailed& e);
  void operator()(const AttemptUnanswered& e);
  void operator()(const LateFailure& e);
  void operator()(const RetryScheduled& e);
  void operator()(const StepSucceeded& e);
  void operator()(const StepRejected& e);
  void operator()(const StepFailed& e);
  void operator()(const StepInDoubt& e);
  void operator()(const StepSkipped& e);
  void operator()(const SagaTurnedBack& e);
  void operator()(const StepCompensated& e);
  void operator()(const CompensationSkipped& e);
  void operator()(const SagaStuck& e);
  void operator()(const WishRecorded& e);
  void operator()(const SagaResumed& e);
  void operator()(const RetryHastened& e);
  void operator()(const SagaPaused& e);
  void operator()(const OperatorDecided& e);
  void operator()(const ContradictionSeen& e);
  void operator()(const ReplayStarted& e);
  void operator()(const SagaCompleted& e);
  void operator()(const SagaCompensated& e);
  void operator()(const SagaAbandoned& e);
  void operator()(const StepWaiting& e);
  void operator()(const SignalKept& e);
  void operator()(const SignalTaken& e);
  void operator()(const ChildStarted& e);
  void operator()(const ChildTurnedBack& e);
  void operator()(const AttemptHedged& e);
  void operator()(const AttemptInterrupted& e);
  void operator()(const LocksAwaited& e);
  void operator()(const LocksGranted& e);
  void operator()(const SiblingsAwaited& e);
  void operator()(const MessageQuarantined& e);
  void operator()(const KeyHandedOver& e);

 private:
  StepState& step(StepIndex index) { return saga_.steps.at(index); }
  Attempts& attempts(const AttemptRef& ref) { return step(ref.step).of(ref.direction); }

  /// The step is under way.
  void begin(StepIndex index, StepStatus status);
  /// The action is decided, or given up: nothing more is tried or awaited for it.
  StepState& decide_action(StepIndex index, StepStatus status);
  StepState& close_compensation(StepIndex index, CompensationStatus status);
  /// No further attempts of the action. One that is in flight is awaited if the plan depends on it.
  void stop_trying(StepIndex index, bool await_answer);
  void begin_round(StepIndex index, Direction direction);
  void note_timer(StepIndex index);
  void end(Status status);

  Saga& saga_;
  Time at_;
};

}  // namespace skald
