// A value of a definition's document, together with its place there, so that every refusal can
// name the place: `steps[2].retry.multiplier: must be >= 1, is 0.5`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/json.hpp"
#include "skald/time.hpp"

namespace skald {

/// Borrows the value. What its functions throw is a DefinitionError.
class Place {
 public:
  Place(const Json& value, std::string where) : value_(&value), where_(std::move(where)) {}

  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] const std::string& where() const { return where_; }

  /// Refuses the definition because of what is here.
  [[noreturn]] void refuse(const std::string& what) const;
  /// The same, in the words `must be <must>, is <value>`.
  [[noreturn]] void refuse_value(const std::string& must) const;

  /// Refuses what is no object, and keys that are not `known`.
  void allow_keys(std::initializer_list<std::string_view> known) const;
  /// The member of an object, or nothing.
  [[nodiscard]] std::optional<Place> find(const std::string& key) const;
  /// The member of an object; `what` says what to give when it is missing.
  [[nodiscard]] Place require(const std::string& key, const char* what) const;
  /// The elements of an array.
  [[nodiscard]] std::vector<Place> items() const;

  /// The value as it is stored; refuses what cannot be, such as texts that are not UTF-8.
  [[nodiscard]] JsonText json() const;
  [[nodiscard]] std::string text() const;
  /// A name of a saga, step, participant or action.
  [[nodiscard]] std::string name() const;
  /// A duration above zero.
  [[nodiscard]] Duration duration() const;
  [[nodiscard]] std::uint32_t whole_number(std::uint32_t min, std::uint32_t max) const;
  [[nodiscard]] double number(double min, double max) const;

 private:
  [[nodiscard]] std::string where_of(std::string_view key) const;
  const Json* value_;
  std::string where_;
};

/// True for 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
[[nodiscard]] bool is_name(std::string_view text);

/// `; did you mean "retry"?` when one of `candidates` is close to `word`, otherwise nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace skald
