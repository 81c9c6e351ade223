// One state of the exhaustive model, and what can happen to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checker.hpp"
#include "key_memory.hpp"
#include "skald/decide.hpp"

namespace skald::simulation {

struct ModelReply {
  AttemptRef attempt;
  OutcomeKind kind = OutcomeKind::success;
  auto operator<=>(const ModelReply&) const = default;
};

struct ModelState {
  testing::Witness witness;
  testing::KeyMemory memory;
  std::vector<AttemptRef> commands;  ///< Under way to their participants.
  std::vector<ModelReply> replies;   ///< Under way back.
  Time now{};
  int faults = 0;
  int resumes = 0;

  [[nodiscard]] const Saga& saga() const { return witness.path.saga(); }
  [[nodiscard]] const Definition& definition() const { return witness.path.definition(); }

  /// Decides an input, checks the rows that come of it, and puts commands under way.
  void tell(const Input& input, testing::Findings& findings);
  /// The command arrives; `wanted` is what its participant makes of it if it may choose.
  /// `acts`: an `unknown` outcome had its effect.
  void deliver(const AttemptRef& attempt, OutcomeKind wanted, bool acts,
               testing::Findings& findings);
  /// What matters for the future, as text: of the saga alone, and with all around it.
  [[nodiscard]] std::string saga_fingerprint() const;
  [[nodiscard]] std::string fingerprint() const;
  /// Whether the command's participant may choose what it makes of it.
  [[nodiscard]] bool is_open(const AttemptRef& attempt) const;
  /// The saga's phase, as the table of transitions calls them.
  [[nodiscard]] std::string phase() const;

 private:
  [[nodiscard]] Command command(const AttemptRef& attempt) const;
  void take_effect(const AttemptRef& attempt, testing::Findings& findings);
};

}  // namespace skald::simulation
