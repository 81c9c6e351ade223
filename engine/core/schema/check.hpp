// Holds an input against a schema.
#pragma once

#include <string>
#include <vector>

#include "schema/tree.hpp"
#include "skald/json.hpp"

namespace skald {

/// What is wrong with `input`, each with its place as a JSON Pointer: `/items/0 must be an object`.
/// Up to one more than `schema_problems_max`; empty when it fits. Counts what it compares in
/// `WorkDone::compared`: a schema meets a value at most once.
[[nodiscard]] std::vector<std::string> schema_problems(const SchemaTree& tree, const Json& input);

}  // namespace skald
