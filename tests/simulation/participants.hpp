// Participants that keep the rules of docs/wire.md, by the very rules of the participant kit, or
// break one of them for a mutant.
#pragma once

#include <cstdint>

#include "key_memory.hpp"
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
  void run(const Command& command, testing::Desk& desk, testing::Label label);
  void run_long(const Command& command, testing::Desk& desk, testing::Label label);
  void succeed(const Command& command, testing::Desk& desk);
  void answer(const Command& command, testing::Desk& desk, const Outcome& outcome);

  testing::Accidents& accidents_;
  Habit habit_;
  testing::KeyMemory memory_;
};

}  // namespace skald::simulation
