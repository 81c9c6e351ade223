// Engines, channels and participants that break one rule each, to prove that the checker can fail.
#pragma once

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
  lost_recall,    ///< It is not recorded that a parent turned its child back.
  split_family,   ///< Parent and child are stored one after the other.
  no_bulkhead,    ///< The engine is not told of any bulkhead.
  no_breaker,     ///< Nor of a breaker …
  no_rate_limit,  ///< … nor of a rate limit …
  no_budget,      ///< … nor of a retry budget.
  lost_policies,  ///< Where participants stand is not stored.
  no_delay,       ///< The engine is told to begin at once.
  early_hedge,    ///< The engine hedges after half the time.
  no_locks,       ///< The engine is not told of any locks.
  stolen_lock,    ///< Who is to wait for a lock has it at once.
  busy_visitor,   ///< Who is the owner for one request does an engine's work.
  uncounted_end,  ///< The engine does not know that commands are carried out in its process.
  impatient,      ///< The engine turns back while steps beside the failed one are under way.
  hasty_undo,     ///< The engine undoes in parallel what is to be undone one by one.
  given_key,      ///< The engine hands keys over, whatever the definition says.
};
[[nodiscard]] const char* to_string(Mutant mutant);
[[nodiscard]] std::optional<Mutant> parse_mutant(std::string_view text);
/// The invariants that this mutant breaks; finding any of them violated catches it.
[[nodiscard]] std::vector<testing::Invariant> broken_by(Mutant mutant);

/// What the mutant changes about the engine; nothing when it leaves the engine alone.
[[nodiscard]] std::unique_ptr<testing::Sabotage> make_sabotage(Mutant mutant);
[[nodiscard]] SimulatedParticipants::Habit habit(Mutant mutant);

}  // namespace skald::simulation
