// What parent and child sagas owe each other: neither is ever seen half changed, no child without a
// parent that started it, none turned back by itself, and all of them quiet when their root is.
#pragma once

#include <set>
#include <vector>

#include "findings.hpp"
#include "happenings.hpp"
#include "skald/store.hpp"
#include "witness.hpp"

namespace skald::testing {

class FamilyWatch {
 public:
  FamilyWatch(Witnesses& sagas, Findings& findings, Happenings& happenings)
      : sagas_(sagas), findings_(findings), happenings_(happenings) {}

  /// A saga with a parent begins.
  void begin(Witness& child, const SagaStarted& started);
  /// Before this row is walked.
  void before_row(Witness& of, const JournalAppend& row);
  /// After the last row of a batch.
  void batch_done();
  /// When all is quiet.
  void finish();

 private:
  void note_start(const SagaId& id, Witness& parent, const ChildStarted& started);
  void note_turn(Witness& parent, const ChildTurnedBack& turned);
  void check_kin(const Witness& parent, StepIndex step, const Witness& child);
  void check_end(const Witness& parent, StepIndex step, const Witness& child);
  [[nodiscard]] Witness* find(const SagaId& id);

  Witnesses& sagas_;
  Findings& findings_;
  Happenings& happenings_;
  // Of the batch under way.
  std::set<SagaId> touched_;
  std::vector<std::pair<SagaId, SagaId>> started_;  // Parent and child.
  std::vector<SagaId> turned_;
};

}  // namespace skald::testing
