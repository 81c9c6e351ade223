// Every fault of a definition at once: for whoever mends one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "skald/error.hpp"

namespace skald {

/// What parse_definition() would refuse this text for, in the order of reading; empty when it would
/// not. What can only be checked once other faults are mended is missing.
[[nodiscard]] std::vector<DefinitionError> faults_of_text(std::string_view text);
/// What load_definition() would refuse this file for, likewise.
[[nodiscard]] std::vector<DefinitionError> faults_of_file(const std::string& path);

}  // namespace skald
