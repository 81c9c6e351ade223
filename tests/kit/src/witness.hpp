// All that is known of one saga of a world.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "saga_path.hpp"

namespace skald::testing {

/// What became of one step at its participant, by the participant's own account.
struct StepEffects {
  std::uint32_t done = 0;
  std::uint32_t undone = 0;
  std::uint64_t done_at = 0;  ///< Order among all effects of the world.
  std::uint64_t undone_at = 0;
  bool lied = false;  ///< The participant contradicted itself: its effects prove nothing.
};

/// A child saga that a saga started.
struct Kin {
  StepIndex step = no_step;
  SagaId id;
  bool stopped = false;  ///< It was told to turn back while it ran, before its turn in the plan.
};

struct Witness {
  SagaPath path;
  std::uint64_t label = 0;  ///< The same in every run of the schedule, whatever else happens.
  std::vector<StepEffects> effects;
  std::map<AttemptRef, std::string> bodies;  ///< Of what was sent.
  SagaSummary summary;                       ///< As stored.
  std::vector<Kin> children{};               ///< Of all rounds, in order of their start.
};
using Witnesses = std::map<SagaId, Witness>;

}  // namespace skald::testing
