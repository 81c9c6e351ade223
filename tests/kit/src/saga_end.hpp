// Whether a saga's end agrees with what its participants did.
#pragma once

#include "findings.hpp"
#include "witness.hpp"

namespace skald::testing {

/// I4, I5, I8 and I13 of one saga as a whole, by its state and the effects of its steps; those of a
/// step that is a child saga are all that its family did, found in `sagas`.
void check_end(const Witness& witness, const Witnesses& sagas, Findings& findings);
/// The same of a saga without children.
void check_end(const Witness& witness, Findings& findings);

}  // namespace skald::testing
