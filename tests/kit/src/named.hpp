// Enumerators with a name for the command line.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace skald::testing {

template <typename E, std::size_t N>
using Names = std::array<std::pair<E, const char*>, N>;

/// The name of a value that is in the table.
template <typename E, std::size_t N>
[[nodiscard]] constexpr const char* name_of(const Names<E, N>& names, E value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "";
}

/// The value of this name; nothing when the table does not have it.
template <typename E, std::size_t N>
[[nodiscard]] constexpr std::optional<E> value_of(const Names<E, N>& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (text == name) return value;
  }
  return std::nullopt;
}

}  // namespace skald::testing
