// Whether a saga's end agrees with what its participants did.
#pragma once

#include "checker.hpp"

namespace skald::testing {

/// I4, I5, I8 and I13 of one saga as a whole, by its state and the effects of its steps.
void check_end(const Witness& witness, Findings& findings);

}  // namespace skald::testing
