// What holds for a participant over all sagas and definitions: breaker, bulkhead, rate limit,
// retry budget. How they work together is in docs/policies.md.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "skald/breaker.hpp"
#include "skald/bulkhead.hpp"
#include "skald/json.hpp"
#include "skald/rate_limit.hpp"
#include "skald/retry_budget.hpp"

namespace skald {

/// Each is absent when nothing is stated: then there is no such limit.
struct ParticipantPolicies {
  std::optional<BreakerPolicy> breaker{};
  std::optional<BulkheadPolicy> bulkhead{};
  std::optional<RateLimitPolicy> rate_limit{};
  std::optional<RetryBudgetPolicy> retry_budget{};

  [[nodiscard]] bool empty() const { return !breaker && !bulkhead && !rate_limit && !retry_budget; }
  friend bool operator==(const ParticipantPolicies&, const ParticipantPolicies&) = default;
};

/// By the participant's name.
using PoliciesByName = std::map<std::string, ParticipantPolicies>;

/// The same keys as in a definition, every value stated; read back by parse_policies() as an equal
/// value.
[[nodiscard]] Json policies_json(const ParticipantPolicies& policies);

/// Reads `{"inventory": {"breaker": …}, …}`. `where` is the place of the object, for errors.
/// \throws DefinitionError that names the place and what must be there
[[nodiscard]] PoliciesByName parse_policies(const Json& participants, const std::string& where);

}  // namespace skald
