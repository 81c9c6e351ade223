// Walks one saga's journal, event by event, and checks what its history alone can show.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "findings.hpp"
#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald::faults {

/// I3, I5, I8, I9, I12 and I13 of one saga. The state is folded along, so each event is seen with
/// the saga as it stood before it.
class SagaPath {
 public:
  SagaPath(const Definition& definition, const SagaSummary& summary, Findings& findings)
      : definition_(definition), summary_(summary), findings_(findings) {}

  /// Checks the whole journal; `saga()` is then what it folds to.
  void walk(const std::vector<JournalRow>& rows);
  [[nodiscard]] const Saga& saga() const { return saga_; }

 private:
  void walk_row(const JournalRow& row);
  void before(const Event& event, Time at);
  void check_issue(const CommandIssued& issued, Time at);
  void check_action(StepIndex step);
  void check_compensation(StepIndex step);
  void check_unanswered(const AttemptUnanswered& unanswered, Time at);
  void check_turn(const SagaTurnedBack& turned);
  void check_edge(Status from, Status to);
  void check_row(const JournalRow& row);
  [[nodiscard]] std::string name() const;

  const Definition& definition_;
  const SagaSummary& summary_;
  Findings& findings_;
  Saga saga_;
  bool turned_ = false;
  bool row_seen_ = false;
  std::map<AttemptRef, Time> issued_at_;
};

}  // namespace skald::faults
