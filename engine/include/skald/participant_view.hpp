// How participants and their policies are shown to people and scripts. Names are those of
// docs/cli.md.
#pragma once

#include <optional>
#include <string>

#include "skald/participant_state.hpp"
#include "skald/policies_in_force.hpp"

namespace skald {

/// A participant, as a running engine or a store knows it.
struct ParticipantStatus {
  std::string name;
  PoliciesInForce in_force;
  ParticipantState state;
  /// Sagas that wait to be let through; absent when no engine tells: then what is in flight is not
  /// known either.
  std::optional<std::size_t> waiting;
};

/// One line of `skald participants`, as of `now`.
[[nodiscard]] Json participant_json(const ParticipantStatus& participant, Time now);

/// Why an action's first attempt would wait, as a clause; empty when no policy holds it.
/// `participant` is what participant_json() made.
[[nodiscard]] std::string why_held(const Json& participant);

}  // namespace skald
