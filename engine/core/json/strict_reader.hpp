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

#include "skald/did_you_mean.hpp"
#include "skald/error.hpp"
#include "skald/json.hpp"
#include "skald/time.hpp"

namespace skald {

/// Where faults are collected, for a reader that goes on after one.
using Faults = std::vector<DefinitionError>;

/// Borrows the value. What its functions throw is a DefinitionError.
class Place {
 public:
  /// `faults`: where part() collects, also below this place; null: it does not.
  Place(const Json& value, std::string where, Faults* faults = nullptr)
      : value_(&value), where_(std::move(where)), faults_(faults) {}

  /// Another value of the same document, whose faults are collected with those of this place.
  [[nodiscard]] Place elsewhere(const Json& value, std::string where) const {
    return {value, std::move(where), faults_};
  }

  /// Reads one part of what is here. False when it was refused and that was collected.
  template <typename Read>
  bool part(Read read) const {
    if (!faults_) {
      read();
      return true;
    }
    try {
      read();
      return true;
    } catch (const DefinitionError& fault) {
      faults_->push_back(fault);
      return false;
    }
  }
  /// How many faults were collected so far.
  [[nodiscard]] std::size_t faults() const { return faults_ ? faults_->size() : 0; }

  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] const std::string& where() const { return where_; }

  /// Refuses the definition because of what is here.
  [[noreturn]] void refuse(const std::string& what) const;
  /// The same, in the words `must be <must>, is <value>`.
  [[noreturn]] void refuse_value(const std::string& must) const;

  /// Refuses what is no object, and keys that are not `known`. Those of `elsewhere` are keys, but
  /// not of this `subject`: the refusal says so.
  void allow_keys(std::initializer_list<std::string_view> known,
                  std::initializer_list<std::string_view> elsewhere = {},
                  std::string_view subject = {}) const;
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
  /// One of these words, as to_string() spells them.
  template <typename Choice>
  [[nodiscard]] Choice choice(std::initializer_list<Choice> choices) const {
    std::string known;
    for (const Choice c : choices) {
      if (value_->is_string() && value_->get_ref<const std::string&>() == to_string(c)) return c;
      known += std::string(known.empty() ? "" : " or ") + '"' + to_string(c) + '"';
    }
    refuse_value(known);
  }

 private:
  [[nodiscard]] std::string where_of(std::string_view key) const;
  const Json* value_;
  std::string where_;
  Faults* faults_;
};

/// True for 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace skald
