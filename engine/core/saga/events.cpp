#include "skald/events.hpp"

namespace skald {
namespace {

struct Name {
  const char* operator()(const SagaStarted&) const { return "saga.started"; }
  const char* operator()(const CommandIssued&) const { return "command.issued"; }
  const char* operator()(const AttemptFailed&) const { return "attempt.failed"; }
  const char* operator()(const AttemptUnanswered&) const { return "attempt.unanswered"; }
  const char* operator()(const LateFailure&) const { return "attempt.failed_late"; }
  const char* operator()(const RetryScheduled&) const { return "step.retrying"; }
  const char* operator()(const StepSucceeded&) const { return "step.succeeded"; }
  const char* operator()(const StepRejected& e) const {
    return e.attempt.direction == Direction::compensate ? "compensation.rejected" : "step.rejected";
  }
  const char* operator()(const StepFailed&) const { return "step.failed"; }
  const char* operator()(const StepInDoubt&) const { return "step.unknown"; }
  const char* operator()(const StepSkipped&) const { return "step.skipped"; }
  const char* operator()(const SagaTurnedBack&) const { return "saga.compensating"; }
  const char* operator()(const StepCompensated&) const { return "step.compensated"; }
  const char* operator()(const CompensationSkipped&) const { return "compensation.skipped"; }
  const char* operator()(const SagaStuck&) const { return "saga.stuck"; }
  const char* operator()(const WishRecorded&) const { return "saga.cancel_recorded"; }
  const char* operator()(const SagaResumed&) const { return "saga.resumed"; }
  const char* operator()(const RetryHastened&) const { return "step.retry_hastened"; }
  const char* operator()(const SagaPaused&) const { return "saga.paused"; }
  const char* operator()(const OperatorDecided&) const { return "operator.decided"; }
  const char* operator()(const ContradictionSeen&) const { return "step.contradicted"; }
  const char* operator()(const ReplayStarted&) const { return "saga.replayed"; }
  const char* operator()(const SagaCompleted&) const { return "saga.completed"; }
  const char* operator()(const SagaCompensated&) const { return "saga.compensated"; }
  const char* operator()(const SagaAbandoned&) const { return "saga.abandoned"; }
  const char* operator()(const StepWaiting&) const { return "step.waiting"; }
  const char* operator()(const SignalKept&) const { return "saga.signalled"; }
  const char* operator()(const SignalTaken&) const { return "step.signalled"; }
  const char* operator()(const ChildStarted&) const { return "child.started"; }
  const char* operator()(const ChildTurnedBack&) const { return "child.compensating"; }
  const char* operator()(const AttemptHedged&) const { return "attempt.hedged"; }
  const char* operator()(const AttemptInterrupted&) const { return "attempt.interrupted"; }
  const char* operator()(const LocksAwaited&) const { return "saga.locks_awaited"; }
  const char* operator()(const LocksGranted&) const { return "saga.locks_granted"; }
  const char* operator()(const SiblingsAwaited&) const { return "saga.siblings_awaited"; }
  const char* operator()(const MessageQuarantined&) const { return "message.quarantined"; }
  const char* operator()(const KeyHandedOver&) const { return "saga.key_handed_over"; }
};

}  // namespace

const char* event_name(const Event& event) { return std::visit(Name{}, event); }

}  // namespace skald
