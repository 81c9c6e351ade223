// Comparison of JSON values by what they denote.
//
// nlohmann's own operators convert between signed and unsigned, so that to them -1 equals
// 18446744073709551615 and is not below it.
#pragma once

#include <compare>

#include "skald/json.hpp"

namespace skald {

/// True when both denote the same value; 1 and 1.0 are the same.
[[nodiscard]] bool same_tree(const Json& a, const Json& b);

/// Orders two numbers, or two strings by their bytes; everything else is unordered.
[[nodiscard]] std::partial_ordering compare_values(const Json& a, const Json& b);

}  // namespace skald
