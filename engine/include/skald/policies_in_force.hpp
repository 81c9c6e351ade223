// Which policies hold for a participant, of those that an engine's configuration and its
// definitions state.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/participant_policies.hpp"

namespace skald {

/// The policies that hold for a participant, and where each was stated.
struct PoliciesInForce {
  ParticipantPolicies policies;
  /// By the policy's key: `configuration`, or a definition such as `place-order v3`.
  std::map<std::string, std::string> sources;
};

/// Two types of saga want a different policy for one participant.
struct PolicyConflict {
  std::string participant;
  std::string policy;  ///< `breaker`, `bulkhead`, `rate_limit` or `retry_budget`.
  std::string taken;   ///< The type whose value holds: the first by name.
  std::uint32_t taken_version = 0;
  std::string other;
  std::uint32_t other_version = 0;
};
/// One sentence that names both, and the mend.
[[nodiscard]] std::string describe(const PolicyConflict& conflict);

struct ResolvedPolicies {
  std::map<std::string, PoliciesInForce> by_participant;  ///< With every participant of a step.
  std::vector<PolicyConflict> conflicts;
};

/// What is configured wins over what definitions state; of a type only the newest version counts.
/// Each policy is taken whole, from one place.
[[nodiscard]] ResolvedPolicies resolve_policies(const PoliciesByName& configured,
                                                const std::vector<DefinitionPtr>& definitions);

/// \throws DefinitionError that names the place when a configured policy contradicts itself
void check_policies(const PoliciesByName& configured);

}  // namespace skald
