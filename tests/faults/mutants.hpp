// Engines and participants that break one rule each, to prove that the checker can fail.
//
// They are decorators put on at run time: the code under test is the same that is delivered.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "findings.hpp"
#include "skald/channel.hpp"
#include "skald/store.hpp"
#include "world.hpp"

namespace skald::faults {

using testing::Invariant;

enum class Mutant : std::uint8_t {
  none,
  late_commit,     ///< The store says "committed" and writes only some batches later.
  hidden_failure,  ///< The store says "committed" when its write failed.
  forward_undo,    ///< The last step is undone behind the one before it, or not at all.
  hollow_success,  ///< The channel answers some commands itself, with success.
  no_dedup,        ///< Participants act again on a repeated command.
  double_effect,   ///< A participant's effect happens twice within one command, now and then.
};
inline constexpr std::array mutants{Mutant::late_commit, Mutant::forward_undo,
                                    Mutant::hollow_success, Mutant::no_dedup,
                                    Mutant::double_effect};

[[nodiscard]] const char* to_string(Mutant mutant);
[[nodiscard]] std::optional<Mutant> parse_mutant(std::string_view text);
/// The invariants that this mutant breaks; finding any of them violated catches it.
[[nodiscard]] std::vector<Invariant> broken_by(Mutant mutant);

/// A decorator of the store, or nothing when this mutant leaves it alone.
[[nodiscard]] std::unique_ptr<Store> mutate(Mutant mutant, Store& store);
/// A decorator of the channel, or nothing when this mutant leaves it alone.
[[nodiscard]] std::unique_ptr<Channel> mutate(Mutant mutant, Channel& channel);
/// What the participants' handlers are wrapped in; the identity when left alone.
[[nodiscard]] EffectDecorator effect_decorator(Mutant mutant);

}  // namespace skald::faults
