// What sagas have to do with each other and with their participants, from a seed: children, hedges,
// delays, policies.
#pragma once

#include "generator.hpp"

namespace skald::simulation {

/// Gives some of it to a draft of single sagas.
void add_kin(Random& random, Draft& draft);

}  // namespace skald::simulation
