// The state of one saga: what its journal folds to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/outcome.hpp"
#include "skald/rare.hpp"
#include "skald/step_set.hpp"
#include "skald/time.hpp"

namespace skald {

enum class Status : std::uint8_t {
  pending,       ///< Started, nothing issued yet.
  running,       ///< On its way forward.
  compensating,  ///< Turned back; undoing.
  stuck,         ///< Waits for an operator.
  completed,     ///< End: all steps done.
  compensated,   ///< End: every entry of the undo plan confirmed or forced.
  abandoned,     ///< End: closed by an operator; effects may remain.
};
inline constexpr std::size_t status_count = 7;
[[nodiscard]] const char* to_string(Status status);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);
/// Completed, compensated and abandoned are ends, and ends are final.
[[nodiscard]] constexpr bool is_end(Status s) { return s >= Status::completed; }

enum class StepStatus : std::uint8_t {
  pending,     ///< Not issued yet.
  waiting,     ///< A sleep, signal or child saga under way.
  dispatched,  ///< An attempt is under way.
  retry_wait,  ///< Between two attempts.
  succeeded,
  rejected,   ///< Definitively refused, no effect.
  failed,     ///< Attempts used up, each answered `failed`: no effect.
  unknown,    ///< May have happened.
  skipped,    ///< Left out, or replaced by its fallback.
  cancelled,  ///< Never decided, and without effect, because the saga turned back or was abandoned.
};
inline constexpr std::size_t step_status_count = 10;
[[nodiscard]] const char* to_string(StepStatus status);
[[nodiscard]] std::optional<StepStatus> parse_step_status(std::string_view text);

enum class CompensationStatus : std::uint8_t {
  none,     ///< Not in the undo plan, or nothing to undo.
  pending,  ///< In the plan, its turn has not come.
  dispatched,
  retry_wait,
  compensated,  ///< Confirmed by the participant, or by an operator (`forced`).
  stuck,        ///< Refused or used up; waits for an operator.
  skipped,      ///< Not sent: an operator said so, or the action turned out to have had no effect.
};
[[nodiscard]] const char* to_string(CompensationStatus status);
/// Nothing is left to be undone: confirmed, forced, or skipped.
[[nodiscard]] constexpr bool is_closed(CompensationStatus s) {
  return s == CompensationStatus::compensated || s == CompensationStatus::skipped;
}

/// The attempts in one direction at one step.
struct Attempts {
  std::uint32_t made = 0;  ///< Over all rounds.
  std::uint32_t round = 1;
  std::uint32_t before_round = 0;         ///< `made` when the round began.
  bool outstanding = false;               ///< The attempt numbered `made` is not answered yet.
  std::uint8_t interrupted = 0;           ///< Ends of the engine's process, in this round.
  std::vector<std::uint32_t> unanswered;  ///< Attempts that timed out or ended `unknown`.
  std::optional<Time> round_started_at;   ///< First issue in this round.
  std::optional<Time> retry_at;           ///< When the next attempt is due.
  Rare<ErrorInfo> error;                  ///< Of the last attempt that did not succeed.

  [[nodiscard]] std::uint32_t in_round() const { return made - before_round; }
  friend bool operator==(const Attempts&, const Attempts&) = default;
};

struct StepState {
  StepStatus status = StepStatus::pending;
  CompensationStatus compensation = CompensationStatus::none;
  std::array<Attempts, direction_count> attempts;  ///< By Direction.
  std::optional<Time> started_at;                  ///< First issue of the action.
  std::optional<Time> ended_at;                    ///< When the action was decided.
  std::optional<JsonText> output;
  Rare<ErrorInfo> error;        ///< Why the step was rejected, failed, unknown or skipped.
  Rare<JsonText> input_patch;   ///< JSON Merge Patch (RFC 7396) an operator gave.
  Rare<JsonText> undo_patch;    ///< The same, for the input of the compensation.
  bool forced = false;          ///< An operator said what happened to the action.
  bool undo_forced = false;     ///< An operator closed the compensation; it is not confirmed.
  bool carried_over = false;    ///< Its output was taken over from the saga that this one replays.
  std::optional<SagaId> child;  ///< The child saga of the latest attempt.
  std::optional<Time> wake_at;  ///< When a sleep ends, or waiting for a signal times out.
  std::optional<Time> issued_at;  ///< Latest issue of the action.
  std::uint32_t decided = 0;  ///< The how-manieth decision of the saga this step's was; 0: none.
  std::optional<Time> undo_started_at;
  std::optional<Time> undo_ended_at;

  [[nodiscard]] const Attempts& of(Direction d) const {
    return attempts[static_cast<std::size_t>(d)];
  }
  [[nodiscard]] Attempts& of(Direction d) { return attempts[static_cast<std::size_t>(d)]; }
  friend bool operator==(const StepState&, const StepState&) = default;
};

/// Why a saga turned back.
struct TurnBack {
  StepIndex step = no_step;  ///< The step that failed; none for a cancel or a deadline.
  ErrorInfo error;           ///< Its error; `CANCELLED` or `DEADLINE_EXCEEDED` otherwise.
  friend bool operator==(const TurnBack&, const TurnBack&) = default;
};

/// Why a saga stands still.
struct Stuck {
  StepIndex step = no_step;
  Direction direction = Direction::action;
  Status resumes_to = Status::running;  ///< `running` or `compensating`.
  ErrorInfo error;
  friend bool operator==(const Stuck&, const Stuck&) = default;
};

/// A cancel or a deadline that came while the pivot was in doubt.
struct Wish {
  ErrorInfo reason;  ///< `CANCELLED` or `DEADLINE_EXCEEDED`.
  Time at{};
  friend bool operator==(const Wish&, const Wish&) = default;
};

/// A child's place in its parent.
struct ParentRef {
  SagaId saga;
  StepIndex step = no_step;
  std::uint32_t attempt = 0;
  friend bool operator==(const ParentRef&, const ParentRef&) = default;
};

/// A signal that no step has taken yet.
struct KeptSignal {
  std::string name;
  JsonText data;
  Time at{};
  friend bool operator==(const KeptSignal&, const KeptSignal&) = default;
};

/// A message of a participant that could not be used.
struct UnusableNotice {
  StepIndex step = no_step;  ///< That it names, if any.
  std::string reason;        ///< `BAD_JSON`, …
  std::string detail;        ///< One sentence.
  Time at{};
  friend bool operator==(const UnusableNotice&, const UnusableNotice&) = default;
};

/// A lock that was taken when the saga wanted it.
struct LockWait {
  std::string name;
  SagaId behind;  ///< The saga before it in line.
  friend bool operator==(const LockWait&, const LockWait&) = default;
};

struct Saga {
  SagaId id;
  std::string type;
  std::uint32_t definition_version = 0;
  Digest definition;
  std::optional<std::string> key;
  bool holds_key = false;  ///< False once a replay took the key over.
  JsonText input;
  Status status = Status::pending;
  bool paused = false;
  bool forced = false;        ///< An operator overruled something; for good.
  bool contradicted = false;  ///< A participant contradicted itself; see the quarantine.
  std::uint64_t version = 0;  ///< Rows in its journal, the last row's version.
  Time started_at{};
  Time updated_at{};
  std::optional<Time> ended_at;
  std::optional<Time> deadline;
  std::optional<Time> not_before;  ///< Of a delayed start: nothing is issued before.
  std::uint8_t priority = 4;
  std::optional<SagaId> replay_of;
  std::optional<SagaId> replayed_by;
  std::optional<ParentRef> parent;
  SagaId root;              ///< Of the family; its own id when it has no parent.
  std::uint32_t depth = 0;  ///< How many ancestors it has.
  std::vector<std::string> locks;
  bool holds_locks = false;
  std::optional<LockWait> lock_wait;
  std::vector<KeptSignal> signals;
  std::vector<std::string> signal_ids;     ///< Of signals taken or kept; the latest are remembered.
  std::optional<UnusableNotice> unusable;  ///< The latest one.
  std::uint32_t unusable_count = 0;        ///< How many are noted in the journal.
  std::vector<StepState> steps;
  // What evolve() keeps in step with `steps`, so that no decision looks at every step.
  StepSet done;                      ///< Succeeded or skipped.
  StepSet begun;                     ///< Issued, waiting, or done.
  StepSet timed;                     ///< Has a retry or the end of a wait to come.
  std::uint32_t decided = 0;         ///< Decisions about actions so far.
  std::vector<StepIndex> undo_plan;  ///< In the order of undoing; frozen at the turn.
  std::optional<TurnBack> turn_back;
  std::optional<TurnBack> failing;  ///< Turns back for this once what is under way has ended.
  std::optional<Stuck> stuck;
  std::optional<Wish> wish;
  std::optional<JsonText> output;
  friend bool operator==(const Saga&, const Saga&) = default;
};

/// What operators filter by: the projection that a store keeps beside the journal, true at the
/// version it states.
struct SagaSummary {
  SagaId id;
  std::string type;
  std::uint32_t definition_version = 0;
  Digest definition;
  std::optional<std::string> key;
  bool holds_key = false;
  Status status = Status::pending;
  bool paused = false;
  bool forced = false;
  bool contradicted = false;
  std::uint64_t version = 0;
  Time started_at{};
  Time updated_at{};
  std::optional<Time> ended_at;
  std::optional<SagaId> replay_of;
  std::optional<SagaId> replayed_by;
  std::string error_step;  ///< Empty when there is none.
  std::string error_code;  ///< Of what turned the saga back or holds it; empty when there is none.
  friend bool operator==(const SagaSummary&, const SagaSummary&) = default;
};

class Definition;

/// The summary of a saga at its present version.
[[nodiscard]] SagaSummary summarize(const Definition& definition, const Saga& saga);
/// True when the two differ in something that operators filter by; version and updated_at alone
/// are no reason to touch a row.
[[nodiscard]] bool filters_differ(const SagaSummary& a, const SagaSummary& b);

}  // namespace skald
