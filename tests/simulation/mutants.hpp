// Engines, channels and participants that break one rule each, to prove that the checker can fail.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "findings.hpp"
#include "participants.hpp"
#include "sabotage.hpp"

namespace skald::simulation {

enum class Mutant : std::uint8_t {
  none,
  late_commit,    ///< The store says "committed" and writes only some batches later.
  early_receipt,  ///< Replies are receipted before the commit that uses them.
  forward_undo,   ///< The last step is undone behind the one before it.
  lost_undo,      ///< A step that was in flight at the turn is never undone.
  no_dedup,       ///< Participants act again on a repeated command.
  double_effect,  ///< A participant's effect happens twice within one command.
  no_epoch,       ///< An owner that was taken over can still write.
  early_timeout,  ///< The engine is told that what is due soon is due now.
  extra_attempt,  ///< The engine allows more attempts than the definition.
  late_action,    ///< An action is issued after the turn back.
};
inline constexpr std::array mutants{
    Mutant::late_commit,   Mutant::early_receipt, Mutant::forward_undo, Mutant::lost_undo,
    Mutant::no_dedup,      Mutant::double_effect, Mutant::no_epoch,     Mutant::early_timeout,
    Mutant::extra_attempt, Mutant::late_action};

[[nodiscard]] const char* to_string(Mutant mutant);
[[nodiscard]] std::optional<Mutant> parse_mutant(std::string_view text);
/// The invariants that this mutant breaks; finding any of them violated catches it.
[[nodiscard]] std::vector<testing::Invariant> broken_by(Mutant mutant);

/// What the mutant changes about the engine; nothing when it leaves the engine alone.
[[nodiscard]] std::unique_ptr<testing::Sabotage> make_sabotage(Mutant mutant);
[[nodiscard]] SimulatedParticipants::Habit habit(Mutant mutant);

}  // namespace skald::simulation
