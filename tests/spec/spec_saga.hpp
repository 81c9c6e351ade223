// One saga driven by hand: the pure core with a clock that moves when told to, and nothing else.
//
// Every step checks that folding the journal gives the same saga back, so each script is also a
// test of evolve().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "skald/decide.hpp"
#include "skald/store.hpp"

namespace skald::spec {

/// Admits according to a switch.
class SwitchedAdmission final : public Admission {
 public:
  [[nodiscard]] bool admits(const std::string&, Direction, bool) const override { return open; }
  [[nodiscard]] std::optional<ChildRefusal> refuses_child(const Step&,
                                                          const JsonText&) const override {
    if (child_refusal.empty()) return std::nullopt;
    return ChildRefusal{{child_refusal, "no such child", {}}, false};
  }
  [[nodiscard]] LockState lock_state(const Saga& saga) const override {
    if (locks_free) return {};
    return {false, saga.locks.front(), SagaId::make(saga.started_at, 0, 9)};
  }
  bool open = true;
  bool locks_free = true;
  std::string child_refusal;  // The code; empty: children may start.
};

class SpecSaga {
 public:
  explicit SpecSaga(DefinitionPtr definition);

  /// Decides one input and says what came of it, a line each: events, effects or the refusal.
  /// \throws std::runtime_error when the journal does not fold to the saga.
  std::string tell(const Input& input);
  /// Turns `for_each` into the steps that this input asks for. Before the start.
  void expand(const JsonText& input);
  void advance(Duration duration) { now_ += duration; }

  [[nodiscard]] const Saga& saga() const { return saga_; }
  [[nodiscard]] const Definition& definition() const { return *definition_; }
  [[nodiscard]] const std::vector<JournalRow>& journal() const { return journal_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] SagaId id() const { return id_; }
  SwitchedAdmission admission;

  /// `compensating | reserve-stock succeeded undo=dispatched, …`
  [[nodiscard]] std::string state() const;

 private:
  void check_fold() const;

  DefinitionPtr definition_;
  SagaId id_;
  Saga saga_;
  Time now_;
  std::vector<JournalRow> journal_;
};

}  // namespace skald::spec
