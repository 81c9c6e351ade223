// JSON as Skald sees it: checked text that is parsed only when somebody looks inside.
//
// Most payloads pass through the engine untouched, so they travel as `JsonText`, whose invariant is
// that the text is valid JSON within the limits. `Json` (nlohmann) is the tree for those who need
// it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace skald {

using Json = nlohmann::json;

struct JsonLimits {
  std::size_t depth = 64;             ///< Nested arrays and objects.
  std::size_t bytes = 1024UL * 1024;  ///< Length of the text.
};

/// Checks `text` and returns its tree. Refused, with the offset and the reason: syntax errors,
/// invalid UTF-8, nesting or length over the limits, a key that appears twice in one object, and
/// integers beyond 64 bits (they would silently lose digits; send them as strings).
/// \throws JsonError
[[nodiscard]] Json parse_json(std::string_view text, const JsonLimits& limits = {});

/// Valid JSON within the limits it was checked against. Value type; the default is `null`.
class JsonText {
 public:
  JsonText() : text_("null") {}

  /// Checks `text` by the rules of parse_json() without building a tree. \throws JsonError
  [[nodiscard]] static JsonText parse(std::string_view text, const JsonLimits& limits = {});
  /// Compact text of a tree, keys sorted. \throws JsonError on invalid UTF-8, or too deep a tree.
  [[nodiscard]] static JsonText of(const Json& value, const JsonLimits& limits = {});
  /// For text that is known to be valid: read back from a store, or put together from valid parts.
  [[nodiscard]] static JsonText trusted(std::string text) { return JsonText(std::move(text)); }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Json value() const;
  [[nodiscard]] bool is_null() const { return text_ == "null"; }

  /// Same bytes. For the same value use same_value().
  friend bool operator==(const JsonText&, const JsonText&) = default;

 private:
  explicit JsonText(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// True when both texts denote the same JSON value, whatever the order of keys and the white space.
[[nodiscard]] bool same_value(const JsonText& a, const JsonText& b);

/// Appends `text` to `out` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace skald
