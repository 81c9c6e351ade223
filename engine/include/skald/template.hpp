// Templates: JSON in which `{"$from": "/steps/reserve/output/id"}` stands for a value of the saga.
//
// `$from` is a JSON Pointer (RFC 6901) into the saga's document
// `{"input": …, "key": …, "id": …, "steps": {"<name>": {"output": …}}}`; `"default"` beside it is
// taken when the pointer leads nowhere. Everything else stands for itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/json.hpp"

namespace skald {

/// Answers the value at a saga pointer such as `/steps/charge/output/id`, or null. The value stays
/// where it is until the lookup's owner goes or is told of a change.
using PointerLookup = std::function<const Json*(const std::string& pointer)>;

class Template {
 public:
  /// Checks the text of a template; `where` names its place in errors. \throws DefinitionError
  [[nodiscard]] static Template parse(const Json& document, const std::string& where);

  /// The filled-in value, at most `payload_bytes_max` long and `payload_depth_max` deep. Nothing
  /// when a pointer without default leads nowhere or the result would be over a limit: `problem`
  /// then ends the sentence "the input …". Costs no more than the limit, whatever is looked up.
  [[nodiscard]] std::optional<JsonText> render(const PointerLookup& lookup,
                                               std::string& problem) const;

  /// Every pointer that occurs, for checks at load.
  [[nodiscard]] const std::vector<std::string>& pointers() const;
  [[nodiscard]] const JsonText& text() const;

  friend bool operator==(const Template& a, const Template& b) { return a.text() == b.text(); }

 private:
  struct Parts;
  [[nodiscard]] const Parts& parts() const;
  std::shared_ptr<const Parts> parts_;  // Shared by copies, since nobody changes it; null: `null`.
};

}  // namespace skald
