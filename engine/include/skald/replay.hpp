// Planning a replay: a new saga with an old one's input, perhaps patched, perhaps from a later
// step.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "skald/definition.hpp"
#include "skald/error.hpp"
#include "skald/inputs.hpp"
#include "skald/saga.hpp"

namespace skald {

struct ReplayPlan {
  std::string from_step;                ///< Take over the outputs before it; empty: none.
  std::optional<JsonText> input_patch;  ///< JSON Merge Patch (RFC 7396) on the old input.
  bool force = false;  ///< Take outputs over although their steps would be asked for otherwise.
};

/// The start of the new saga, still without its id and requester; or why it cannot be: `from_step`
/// is unknown, an output that it depends on does not stand any more, or a step whose output would
/// be taken over would now be asked for something else: another kind, participant, action, input,
/// or a condition that comes out differently. What runs beside it is taken over where it stands,
/// and run again where not. `old_definition` is what the old saga ran,
/// see effective_definition(); `definition` is what the new one is to use. Pure. Whether the old
/// saga may be replayed at all is for decide() to say. \throws JsonError when the patched input is
/// too deep.
[[nodiscard]] std::variant<StartRequested, Refusal> plan_replay(const Definition& old_definition,
                                                                const Saga& old,
                                                                const DefinitionPtr& definition,
                                                                const ReplayPlan& plan);

}  // namespace skald
