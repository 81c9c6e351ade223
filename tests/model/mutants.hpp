// decide(), broken in one rule each: a model that cannot fail proves nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "saga_graph.hpp"

namespace skald::model {

struct Mutant {
  const char* name;
  const char* what;
  Decide decide;
  /// Of the invariants that may catch it, one at least must; `I…`, or `coverage`.
  std::vector<std::string> caught_by;
};

[[nodiscard]] const std::vector<Mutant>& mutants();
[[nodiscard]] const Mutant* find_mutant(const std::string& name);

}  // namespace skald::model
