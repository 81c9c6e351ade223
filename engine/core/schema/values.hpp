// Rules for one value, for holding an input against a schema.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "schema/tree.hpp"
#include "skald/json.hpp"

namespace skald {

/// True when the value has one of the types in `types`. 1.0 is an integer, as draft 7 says.
[[nodiscard]] bool has_type(const Json& value, std::uint8_t types);
/// Whether the value is what its schema demands of it by itself: without the schemas of its members
/// and elements, without `required` and `dependencies`. `problem`: where to write what the value
/// must be, as the end of a sentence (`must be >= 1`); null: nowhere.
[[nodiscard]] bool value_fits(const SchemaNode& node, const Json& value, std::string* problem);
/// Positions of two elements that are equal; nothing when all differ. Sorts, so that many elements
/// cost little more than few.
[[nodiscard]] std::optional<std::pair<std::size_t, std::size_t>> equal_elements(const Json& list);

}  // namespace skald
