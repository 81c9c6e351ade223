// Walks one saga's journal, event by event, and checks what its history alone can show.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "findings.hpp"
#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald::testing {

/// When something was committed: by a clock that nobody adjusts, and by the clock on the wall,
/// which engines read.
struct Instant {
  Time real{};
  Time wall{};
};

/// I3, I5, I8, I9, I12 and I13 of one saga. The state is folded along, so each event is seen with
/// the saga as it stood before it.
class SagaPath {
 public:
  /// `name` is how findings call the saga.
  SagaPath(DefinitionPtr definition, std::string name, Findings& findings)
      : definition_ptr_(std::move(definition)),
        definition_(*definition_ptr_),
        name_(std::move(name)),
        findings_(findings) {}

  /// Checks the whole journal against the row that is stored beside it.
  void walk(const std::vector<JournalRow>& rows, const SagaSummary& summary);
  /// Checks one more row. `real` is when it was committed by a clock that nobody adjusts, for what
  /// must not happen early; by default the row's own time.
  void walk_row(const JournalRow& row);
  void walk_row(const JournalRow& row, Time real) { walk_row(row, Instant{real, row.at}); }
  void walk_row(const JournalRow& row, Instant instant);
  /// The summary row that was stored with the last row.
  void check_summary(const SagaSummary& summary);
  /// An answer `pending` reached the engine: the attempt may time out from `due` on.
  void note_lease(const AttemptRef& attempt, Time due);
  /// The saga's parent has told it, in the row before, to turn back: for once it may, also when it
  /// is completed.
  void told_by_parent(bool told) { told_by_parent_ = told; }

  /// What the rows so far fold to.
  [[nodiscard]] const Saga& saga() const { return saga_; }
  [[nodiscard]] const Definition& definition() const { return definition_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// An operator said what became of this step, or of its compensation.
  [[nodiscard]] bool is_forced(StepIndex step) const { return forced_.count(step) != 0; }
  /// Position of the row that issued this attempt; 0 when none did.
  [[nodiscard]] Position issued_at(const AttemptRef& attempt) const;

 private:
  void before(const Event& event, const JournalRow& row);
  [[nodiscard]] bool may_follow_the_end(const Event& event) const;
  void check_started(const SagaStarted& started, const JournalRow& row);
  void check_edge(Status from, Status to);
  void check_undecided(StepIndex step, const char* event);
  void note_done(StepIndex step) { done_[step] = ++dones_; }

  // What is issued, and when (saga_path_issue.cpp).
  void check_issue(const CommandIssued& issued, const JournalRow& row);
  void check_action(StepIndex step, const JournalRow& row);
  void check_interrupted(const AttemptInterrupted& interrupted);
  void check_hedge(const AttemptHedged& hedged, const JournalRow& row);
  void check_child_start(const ChildStarted& started, const JournalRow& row);
  void check_unanswered(const AttemptUnanswered& unanswered);
  void check_deadline(const ErrorInfo& error, const JournalRow& row);
  void check_given_up(StepIndex step, const ErrorInfo& error);

  // The turn and the way back (saga_path_back.cpp).
  void check_turn(const SagaTurnedBack& turned, const JournalRow& row);
  void check_cause(const SagaTurnedBack& turned, const JournalRow& row);
  void check_siblings_awaited(const SiblingsAwaited& awaited);
  [[nodiscard]] std::vector<StepIndex> expected_plan() const;
  void check_compensation(StepIndex step);
  void check_child_turn(const ChildTurnedBack& turned);
  [[nodiscard]] bool passed_pivot() const;
  [[nodiscard]] bool is_turn_of(StepIndex step) const;

  struct Issued {
    Position position = 0;
    Time at{};  ///< By the clock on the wall.
    Time may_time_out_at{};
  };

  DefinitionPtr definition_ptr_;
  const Definition& definition_;
  std::string name_;
  Findings& findings_;
  Saga saga_;
  Instant instant_;
  bool begun_ = false;
  bool turned_ = false;
  bool told_by_parent_ = false;
  std::uint64_t dones_ = 0;
  std::map<AttemptRef, Issued> issued_;
  std::set<StepIndex> forced_;
  std::map<StepIndex, std::uint64_t> done_;  ///< Steps in the order in which they were done.
};

/// Decided for the way forward.
[[nodiscard]] inline bool is_settled(const StepState& s) {
  return s.status == StepStatus::succeeded || s.status == StepStatus::skipped;
}

}  // namespace skald::testing
