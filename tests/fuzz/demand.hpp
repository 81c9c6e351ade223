// What the targets say when something does not hold.
#pragma once

#include <string>

#include "targets.hpp"

namespace skald::fuzz {

/// \throws Violation
inline void demand(bool holds, const std::string& what) {
  if (!holds) throw Violation{what};
}

}  // namespace skald::fuzz
