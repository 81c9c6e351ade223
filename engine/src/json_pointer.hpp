// JSON Pointers (RFC 6901) as texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/json.hpp"

namespace skald {

/// The reference tokens of `pointer`, unescaped; nothing when it is no JSON Pointer. The empty
/// pointer has none.
[[nodiscard]] std::optional<std::vector<std::string>> split_pointer(std::string_view pointer);

/// What `tokens` from the position `from` on lead to inside `value`, or null.
[[nodiscard]] const Json* value_at(const Json& value, const std::vector<std::string>& tokens,
                                   std::size_t from);
[[nodiscard]] Json* value_at(Json& value, const std::vector<std::string>& tokens, std::size_t from);

}  // namespace skald
