// Participants that keep the rules of docs/wire.md, by the very rules of the participant kit, or
// break one of them for a mutant.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "barrier_rules.hpp"
#include "simulated_channel.hpp"

namespace skald::simulation {

class SimulatedParticipants final : public testing::Participants {
 public:
  enum class Habit : std::uint8_t {
    proper,
    forgetful,  ///< Acts again on a repeated command.
    hasty,      ///< Its effect happens twice within one command, now and then.
  };
  explicit SimulatedParticipants(testing::Accidents& accidents, Habit habit = Habit::proper)
      : accidents_(accidents), habit_(habit) {}

  void carry_out(const Command& command, testing::Desk& desk) override;

 private:
  /// Participant's memory of one step of one saga.
  struct Memory {
    std::optional<barrier::Record> action;
    std::optional<barrier::Record> compensation;
    std::uint32_t failed_attempt = 0;  ///< The latest that was answered `failed`.
  };
  using Key = std::pair<SagaId, StepIndex>;

  void run(const Command& command, testing::Desk& desk, testing::Label label);
  void run_long(const Command& command, testing::Desk& desk, testing::Label label);
  void succeed(const Command& command, testing::Desk& desk);
  void conclude(const Command& command);
  [[nodiscard]] barrier::Record& own(const Command& command);
  [[nodiscard]] std::optional<barrier::Record>& slot(const Command& command);

  testing::Accidents& accidents_;
  Habit habit_;
  std::map<Key, Memory> memories_;
};

}  // namespace skald::simulation
