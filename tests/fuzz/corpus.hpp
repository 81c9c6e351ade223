// What the fuzzer begins with.
#pragma once

#include <string>
#include <vector>

#include "targets.hpp"

namespace skald::fuzz {

/// The target's own seeds, what the program itself writes, and the files below `folder`/NAME.
[[nodiscard]] std::vector<std::string> corpus_of(const Target& target, const std::string& folder);

}  // namespace skald::fuzz
