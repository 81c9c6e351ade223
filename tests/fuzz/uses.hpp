// Targets that use what was accepted, as the engine and operators do.
#pragma once

#include <vector>

#include "targets.hpp"

namespace skald::fuzz {

[[nodiscard]] std::vector<Target> use_targets();

}  // namespace skald::fuzz
