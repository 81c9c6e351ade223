// Definitions and plans from a seed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "edge_plan.hpp"
#include "plan.hpp"
#include "random.hpp"

namespace skald::simulation {

/// A plan as it is generated and made smaller: definitions still as documents.
struct Draft {
  std::vector<Json> definitions;
  std::vector<testing::PlannedStart> starts;
  std::vector<testing::PlannedRequest> requests;
  Json policies = Json::object();  ///< By participant.
  bool configured = false;         ///< They are in the engine's configuration, not in definitions.
  Duration calm_at{0};
  EdgeShare edge{};  ///< How much of the participants' answers is hostile.
  std::size_t cached_sagas_limit = 200'000;
  bool carries_out_here = false;

  /// \throws DefinitionError when a definition lost something that it needs.
  [[nodiscard]] testing::Plan plan() const;

 private:
  void state_policies(Json& document) const;
};

/// With `edge`, some of it is hostile data; without, a seed means what it always meant.
[[nodiscard]] Draft generate(std::uint64_t seed, bool edge = false);

}  // namespace skald::simulation
