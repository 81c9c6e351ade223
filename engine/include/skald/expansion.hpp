// Definitions whose steps depend on the input: `for_each` becomes one step per element.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "skald/definition.hpp"

namespace skald {

/// The definition that a saga with this input really runs. A `for_each` named `pack` over a list of
/// three becomes the steps `pack.0`, `pack.1` and `pack.2`, and `pack` collects their outputs. It
/// keeps the digest and the normal form of the definition it comes from, and is that very one when
/// there is nothing to expand. Pure: the same input always gives the same steps. When the input
/// does not allow it, the reason, as the end of the sentence "the input …".
[[nodiscard]] std::variant<DefinitionPtr, std::string> effective_definition(
    const DefinitionPtr& definition, const JsonText& input);
/// The same for an input that may be a tree already: `input` is called once, if at all.
[[nodiscard]] std::variant<DefinitionPtr, std::string> effective_definition(
    const DefinitionPtr& definition, const std::function<const Json&()>& input);

}  // namespace skald
