// Predicates: the `when` of a step.
//
// `{"$from": "/input/amount", "at_least": 100}` compares a value of the saga; `all`, `any` and
// `not` combine. A value that is not there satisfies only `"exists": false`, `not_equals` and
// `not_in`: an optional part of the input needs no special case.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "skald/json.hpp"
#include "skald/template.hpp"

namespace skald {

class Predicate {
 public:
  /// Checks a predicate; `where` names its place in errors. \throws DefinitionError
  [[nodiscard]] static Predicate parse(const Json& document, const std::string& where);

  [[nodiscard]] bool holds(const PointerLookup& lookup) const;

  /// Every pointer that occurs, for checks at load.
  [[nodiscard]] const std::vector<std::string>& pointers() const { return pointers_; }
  [[nodiscard]] const JsonText& text() const { return text_; }

  friend bool operator==(const Predicate& a, const Predicate& b) { return a.text_ == b.text_; }

 private:
  JsonText text_;
  std::shared_ptr<const Json> tree_;  // Of the text; shared by copies, since nobody changes it.
  std::vector<std::string> pointers_;
};

}  // namespace skald
