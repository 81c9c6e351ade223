// JSON Pointers (RFC 6901) as texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "skald/json.hpp"

namespace skald {

/// The reference tokens of `pointer`, unescaped; nothing when it is no JSON Pointer. The empty
/// pointer has none.
[[nodiscard]] std::optional<std::vector<std::string>> split_pointer(std::string_view pointer);

/// A token that names an element of a list; nothing when it cannot.
[[nodiscard]] std::optional<std::size_t> index_of(std::string_view token);

/// What `tokens` from the position `from` on lead to inside `value`, or null.
[[nodiscard]] const Json* value_at(const Json& value, const std::vector<std::string>& tokens,
                                   std::size_t from);
[[nodiscard]] Json* value_at(Json& value, const std::vector<std::string>& tokens, std::size_t from);

/// The member of a template or a condition that holds the pointer to a value.
inline constexpr const char* from_key = "$from";

/// Different pointers in the order in which they were added first.
class PointerList {
 public:
  void add(const std::string& pointer) {
    if (seen_.insert(pointer).second) all_.push_back(pointer);
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
  std::unordered_set<std::string> seen_;
};

}  // namespace skald
