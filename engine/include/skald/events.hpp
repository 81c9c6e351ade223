// Events: stored facts about a saga, appended to its journal and never edited.
//
// Numbers in the store's codec name these types (`storage/src/event_codec.cpp`): add new types and
// new optional fields at the end, never change what an old one means.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "skald/saga.hpp"

namespace skald {

/// Who asked for something, and why. Both may be empty.
struct Requester {
  std::string by;
  std::string reason;
  friend bool operator==(const Requester&, const Requester&) = default;
};

/// An output that a replay takes over instead of running the step again.
struct CarriedOutput {
  StepIndex step = no_step;
  JsonText output;
  bool forced = false;  ///< Although the step would be asked for something else. Not stored here.
};

struct SagaStarted {
  SagaId id;
  std::string type;
  std::uint32_t definition_version = 0;
  Digest definition;
  std::uint32_t step_count = 0;
  std::optional<std::string> key;
  JsonText input;
  std::optional<Time> deadline;
  std::optional<SagaId> replay_of;
  std::vector<CarriedOutput> carried;
  Requester requester;
  std::optional<Time> not_before;
  std::optional<std::uint32_t> priority;  ///< Absent: the usual one.
  std::optional<ParentRef> parent;
  std::optional<SagaId> root;  ///< Absent: the saga itself.
  std::uint32_t depth = 0;
  std::vector<std::string> locks;
};
/// An attempt may be sent from now on. `round` is stored so that a new round needs no event of its
/// own.
struct CommandIssued {
  AttemptRef attempt;
  std::uint32_t round = 1;
};
/// The attempt was answered `failed`: no lasting effect.
struct AttemptFailed {
  AttemptRef attempt;
  ErrorInfo error;
};
/// The attempt timed out (code `TIMEOUT`) or was answered `unknown`: it may have had its effect.
struct AttemptUnanswered {
  AttemptRef attempt;
  ErrorInfo error;
};
/// A `failed` that came after the attempt had been counted as unanswered.
struct LateFailure {
  AttemptRef attempt;
  ErrorInfo error;
};
struct RetryScheduled {
  StepIndex step = no_step;
  Direction direction = Direction::action;
  Time at{};
};
struct StepSucceeded {
  AttemptRef attempt;  ///< `attempt.attempt` is 0 when an operator said so.
  JsonText output;
};
struct StepRejected {
  AttemptRef attempt;
  ErrorInfo error;
};
/// Attempts are used up, each answered `failed`: no effect.
struct StepFailed {
  StepIndex step = no_step;
  ErrorInfo error;
};
/// Attempts are used up and some stayed unanswered: it may have happened.
struct StepInDoubt {
  StepIndex step = no_step;
  ErrorInfo error;
};
/// Left out or replaced by the fallback output; the saga goes on.
struct StepSkipped {
  StepIndex step = no_step;
  std::optional<JsonText> output;
  ErrorInfo error;  ///< Why; code `SKIPPED` when an operator said so.
};
/// The undo plan is frozen here.
struct SagaTurnedBack {
  TurnBack cause;
  std::vector<StepIndex> plan;
  Requester requester;
};
struct StepCompensated {
  AttemptRef attempt;  ///< `attempt.attempt` is 0 when an operator said so.
};
/// An entry of the undo plan is closed without a confirmation.
struct CompensationSkipped {
  StepIndex step = no_step;
  bool no_effect = false;  ///< The action turned out to have had none: nothing to undo.
};
struct SagaStuck {
  Stuck why;
};
struct WishRecorded {
  ErrorInfo reason;
  Requester requester;
};
/// A paused saga goes on, or a stuck one gets a fresh round.
struct SagaResumed {
  Requester requester;
  bool unpaused = false;     ///< Only the pause was lifted.
  StepIndex step = no_step;  ///< The step that gets a new round, if any.
  Direction direction = Direction::action;
  std::optional<JsonText> input_patch;
};
struct RetryHastened {
  StepIndex step = no_step;
  Direction direction = Direction::action;
  Requester requester;
};
struct SagaPaused {
  Requester requester;
};
/// An operator said what happened; the facts follow as events of their own.
struct OperatorDecided {
  StepIndex step = no_step;
  std::string verdict;  ///< `skipped`, `succeeded`, `rejected`, `compensated`, `carried over`.
  Requester requester;
};
/// A participant contradicted its first definitive answer.
struct ContradictionSeen {
  AttemptRef attempt;
  OutcomeKind claimed = OutcomeKind::success;
};
/// A replay took the business key over.
struct ReplayStarted {
  SagaId by;
  bool key_handed_over = false;
};
struct SagaCompleted {
  JsonText output;
};
struct SagaCompensated {};
struct SagaAbandoned {
  Requester requester;
};
/// A sleep, or waiting for a signal, has begun.
struct StepWaiting {
  StepIndex step = no_step;
  std::optional<Time> until;  ///< When it ends or times out; absent: never.
};
/// A signal came. It is kept until a step takes it.
struct SignalKept {
  std::string name;
  JsonText data;
  Requester requester;
  std::optional<std::string> id{};  ///< The sender's, by which repetitions are told apart.
};
/// A waiting step took the oldest kept signal of this name.
struct SignalTaken {
  StepIndex step = no_step;
  std::string name;
};
/// A child saga runs for this step, stored in the same transaction.
struct ChildStarted {
  AttemptRef attempt;
  SagaId child;
};
/// The child was told to undo what it did.
struct ChildTurnedBack {
  AttemptRef attempt;
  SagaId child;
};
/// No answer for a while: another attempt goes out beside this one.
struct AttemptHedged {
  AttemptRef attempt;
};
/// Somebody else holds a lock that the saga wants.
struct LocksAwaited {
  std::string name;
  SagaId behind;
};
/// The saga's family holds all its locks from now on, until its root ends.
struct LocksGranted {};
/// The engine's process ended while it was to carry out this attempt itself.
struct AttemptInterrupted {
  AttemptRef attempt;
  bool for_good = false;  ///< Once too often: otherwise it is carried out again.
};
/// A step failed, and the saga turns back once the steps under way beside it have ended.
struct SiblingsAwaited {
  TurnBack cause;
};
/// A message for this saga could not be used and went into quarantine.
struct MessageQuarantined {
  StepIndex step = no_step;  ///< That it names, if any.
  std::string reason;        ///< `BAD_JSON`, …
  std::string detail;        ///< One sentence.
};
/// The saga has ended, and a new one of its type holds its business key from now on.
struct KeyHandedOver {
  SagaId to;
};

using Event =
    std::variant<SagaStarted, CommandIssued, AttemptFailed, AttemptUnanswered, LateFailure,
                 RetryScheduled, StepSucceeded, StepRejected, StepFailed, StepInDoubt, StepSkipped,
                 SagaTurnedBack, StepCompensated, CompensationSkipped, SagaStuck, WishRecorded,
                 SagaResumed, RetryHastened, SagaPaused, OperatorDecided, ContradictionSeen,
                 ReplayStarted, SagaCompleted, SagaCompensated, SagaAbandoned, StepWaiting,
                 SignalKept, SignalTaken, ChildStarted, ChildTurnedBack, AttemptHedged,
                 LocksAwaited, LocksGranted, AttemptInterrupted, SiblingsAwaited,
                 MessageQuarantined, KeyHandedOver>;

/// `saga.started`, `step.succeeded`, … as histories show it.
[[nodiscard]] const char* event_name(const Event& event);

}  // namespace skald
