// Reading a participant's policies from a definition or a configuration.
#pragma once

#include "json/strict_reader.hpp"
#include "skald/participant_policies.hpp"

namespace skald {

/// The four policies among the members of `settings`; other keys are not looked at.
[[nodiscard]] ParticipantPolicies read_policies(const Place& settings);

}  // namespace skald
