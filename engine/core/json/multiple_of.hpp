// Whether a number is a multiple of another one, in decimal, as people write numbers.
//
// To binary fractions 0.07 is no multiple of 0.01. Every number that Skald accepts has no more
// digits than a double keeps, so its shortest decimal text is the number that was meant.
#pragma once

#include "skald/json.hpp"

namespace skald {

/// Exactly. Both are numbers, `divisor` is above zero.
[[nodiscard]] bool is_multiple_of(const Json& number, const Json& divisor);

}  // namespace skald
