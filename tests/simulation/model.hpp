// The exhaustive model: one small saga, and every way in which it can go.
//
// A state is the saga, what its participants remember and did, and the messages under way. From
// each state every choice is made: which message arrives next, what a participant makes of a
// command, and, up to a number of faults, what is lost, repeated, timed out or asked for. States
// are told apart by what matters for the future, so each is looked at once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "findings.hpp"
#include "skald/definition.hpp"

namespace skald::simulation {

struct ModelTotals {
  std::uint64_t definitions = 0;
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t probes = 0;  ///< Inputs that were tried on a state and led nowhere new.
  std::uint64_t ends = 0;
  /// How often each phase of a saga met each input.
  std::map<std::pair<std::string, std::string>, std::uint64_t> covered;

  void add(const ModelTotals& other);
};

/// How much may happen on one path.
struct ModelLimits {
  int faults = 2;
  int resumes = 1;  ///< Of a stuck saga, by its operator.
};

/// Explores one definition.
[[nodiscard]] ModelTotals explore(const DefinitionPtr& definition, const ModelLimits& limits,
                                  testing::Findings& findings);

/// Every sequential definition of `steps` steps: kinds, with and without compensation, with and
/// without resolve, each `on_failure`.
[[nodiscard]] std::vector<std::string> small_definitions(int steps);

}  // namespace skald::simulation
