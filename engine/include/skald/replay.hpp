// Planning a replay: a new saga with an old one's input, perhaps patched, perhaps from a later
// step.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "skald/decide.hpp"
#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald {

struct ReplayPlan {
  std::string from_step;                ///< Take over the outputs before it; empty: none.
  std::optional<JsonText> input_patch;  ///< JSON Merge Patch (RFC 7396) on the old input.
};

/// The start of the new saga, still without its id and requester; or why it cannot be: `from_step`
/// is unknown, or an output that it depends on does not stand any more. What runs beside it is
/// taken over where it stands, and run again where not. `old_definition` is what the old saga ran,
/// see effective_definition(); `definition` is what the new one is to use. Pure. Whether the old
/// saga may be replayed at all is for decide() to say. \throws JsonError when the patched input is
/// too deep.
[[nodiscard]] std::variant<StartRequested, Refusal> plan_replay(const Definition& old_definition,
                                                                const Saga& old,
                                                                const DefinitionPtr& definition,
                                                                const ReplayPlan& plan);

}  // namespace skald
