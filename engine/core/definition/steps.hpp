// The steps of a definition: reading one, and what must hold between them.
#pragma once

#include <vector>

#include "definition/policies.hpp"
#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// Reads `steps` of a document, all values filled in. \throws DefinitionError
[[nodiscard]] std::vector<Step> read_steps(const Place& steps, const StepDefaults& defaults);

}  // namespace skald
