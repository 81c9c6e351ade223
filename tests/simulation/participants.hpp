// Participants that keep the rules of docs/wire.md, by the very rules of the participant kit, or
// break one of them for a mutant.
#pragma once

#include <cstdint>

#include "edge_plan.hpp"
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
  SimulatedParticipants(testing::Accidents& accidents, Habit habit, EdgeShare edge = {})
      : accidents_(accidents), habit_(habit), edge_(edge) {}

  /// What was hostile, the plan's part included.
  [[nodiscard]] const EdgeShare& edge() const { return edge_; }

  void carry_out(const Command& command, testing::Desk& desk) override;

 private:
  void run(const Command& command, testing::Desk& desk, testing::Label label);
  void run_long(const Command& command, testing::Desk& desk, testing::Label label);
  void succeed(const Command& command, testing::Desk& desk);
  [[nodiscard]] Outcome success_of(const Command& command);
  [[nodiscard]] Outcome failure_of(const Command& command, OutcomeKind kind, const char* code);
  [[nodiscard]] bool is_strange(EdgeKind kind, testing::Label label);
  void answer(const Command& command, testing::Desk& desk, const Outcome& outcome);

  testing::Accidents& accidents_;
  Habit habit_;
  EdgeShare edge_;
  testing::KeyMemory memory_;
};

}  // namespace skald::simulation
