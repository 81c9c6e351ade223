// Every phase of a saga against every input, in one table.
#pragma once

#include <string>

namespace skald::spec {

/// The table as text: a section per phase, a line per input.
[[nodiscard]] std::string transition_table();

}  // namespace skald::spec
