// What a participant remembers under idempotency keys, and what its rules make of it: the very
// rules of the participant kit (`steps/src/barrier_rules.hpp`), without its database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "barrier_rules.hpp"
#include "skald/channel.hpp"

namespace skald::testing {

class KeyMemory {
 public:
  /// What to do with this command.
  [[nodiscard]] barrier::Verdict judge(const Command& command, Time now);
  /// Without effect: bars the action; a compensation has succeeded.
  void conclude(const Command& command);
  /// Keeps `success`, `rejected` and `failed`.
  void remember(const Command& command, const Outcome& outcome);
  /// The key is claimed until then.
  void claim(const Command& command, Time lease_until);
  /// What is remembered, as a short text: equal texts, equal answers.
  [[nodiscard]] std::string fingerprint() const;

 private:
  struct Memory {
    std::optional<barrier::Record> action;
    std::optional<barrier::Record> compensation;
  };
  [[nodiscard]] Memory& of(const Command& command) {
    return memories_[{command.id.saga, command.attempt.step}];
  }
  [[nodiscard]] std::optional<barrier::Record>& slot(const Command& command);

  std::map<std::pair<SagaId, StepIndex>, Memory> memories_;
};

}  // namespace skald::testing
