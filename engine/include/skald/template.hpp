// Templates: JSON in which `{"$from": "/steps/reserve/output/id"}` stands for a value of the saga.
//
// `$from` is a JSON Pointer (RFC 6901) into the saga's document
// `{"input": …, "key": …, "id": …, "steps": {"<name>": {"output": …}}}`; `"default"` beside it is
// taken when the pointer leads nowhere. Everything else stands for itself.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/json.hpp"

namespace skald {

/// Answers the value at a saga pointer such as `/steps/charge/output/id`, or nothing.
using PointerLookup = std::function<std::optional<Json>(const std::string& pointer)>;

class Template {
 public:
  /// Checks the text of a template; `where` names its place in errors. \throws DefinitionError
  [[nodiscard]] static Template parse(const Json& document, const std::string& where);

  /// The filled-in value; nothing when a pointer without default leads nowhere, which is then
  /// written to `missing`.
  [[nodiscard]] std::optional<JsonText> render(const PointerLookup& lookup,
                                               std::string& missing) const;

  /// Every pointer that occurs, for checks at load.
  [[nodiscard]] const std::vector<std::string>& pointers() const { return pointers_; }
  [[nodiscard]] const JsonText& text() const { return text_; }

  friend bool operator==(const Template& a, const Template& b) { return a.text_ == b.text_; }

 private:
  JsonText text_;
  std::vector<std::string> pointers_;
};

}  // namespace skald
