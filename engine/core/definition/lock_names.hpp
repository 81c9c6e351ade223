// The names of what a saga locks: texts such as `order/{/input/order_id}`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// Reads and checks `locks` of a definition. \throws DefinitionError
[[nodiscard]] std::vector<std::string> read_locks(const Place& place);

/// The names for this input and key, sorted, each once; nothing when a pointer leads nowhere or to
/// something that is neither a text nor a number, for the reason in `problem`, which completes the
/// sentence "the lock …".
[[nodiscard]] std::optional<std::vector<std::string>> lock_names(
    const Definition& definition, const JsonText& input, const std::optional<std::string>& key,
    std::string& problem);

}  // namespace skald
