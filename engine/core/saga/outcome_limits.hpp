// What of a participant's answer is kept: valid text, bounded sizes and times.
#pragma once

#include "skald/outcome.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Puts an outcome within the limits that hold for this saga. Invalid bytes in texts become U+FFFD;
/// error data that is too long is left out, which the message says; times are at most a hundred
/// years. A success whose output does not fit becomes `unknown` with code `OUTPUT_TOO_LARGE`, which
/// is not retried: it took effect, and the same answer would come again.
void limit_outcome(Outcome& outcome, const Saga& saga);

}  // namespace skald
