// A definition: a saga type's name, version and ordered steps. Immutable once used.
//
// Definitions come from JSON (load_definition, parse_definition) or from DefinitionBuilder; both go
// through the same checks and give the same value and digest. What is not given is filled in from
// `defaults` and then from the values documented at RetryPolicy and below, so a Definition states
// everything and its normal form does not depend on where a value was written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "skald/error.hpp"
#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/participant_policies.hpp"
#include "skald/retry.hpp"
#include "skald/template.hpp"

namespace skald {

enum class StepKind : std::uint8_t { compensatable, pivot, retriable };
[[nodiscard]] const char* to_string(StepKind kind);

/// What to do when a step is rejected or its attempts are used up.
struct OnFailure {
  enum class Action : std::uint8_t { compensate, stuck, skip, fallback };
  Action action = Action::compensate;
  JsonText fallback;  ///< The output to go on with; only for `fallback`.
  friend bool operator==(const OnFailure&, const OnFailure&) = default;
};

/// How a step is undone.
struct Compensation {
  std::string action;
  std::optional<Template> input;  ///< Absent: the step's own input.
  Duration timeout{30'000};
  RetryPolicy retry;
  friend bool operator==(const Compensation&, const Compensation&) = default;
};

struct Step {
  std::string name;
  std::string participant;
  std::string action;
  StepKind kind = StepKind::compensatable;
  std::optional<Compensation> compensation;  ///< Absent: there is nothing to undo.
  std::optional<Template> input;             ///< Absent: the saga's whole input.
  Duration timeout{30'000};                  ///< Of one attempt, from when it was really sent.
  std::optional<Duration> deadline;          ///< Of all attempts of a round together.
  RetryPolicy retry;
  OnFailure on_failure;
  std::string resolve;  ///< Action that asks what became of this one; empty: none.
  friend bool operator==(const Step&, const Step&) = default;
};

class Definition {
 public:
  std::string type;
  std::uint32_t version = 1;
  std::string description;
  std::optional<Duration> deadline;  ///< Of a saga's way forward, from its start.
  std::optional<Template> output;    ///< The saga's result; absent: null.
  std::vector<std::string> secrets;  ///< JSON Pointers into the saga that people are not shown.
  std::vector<Step> steps;
  PoliciesByName participants;  ///< Policies that this definition states, where it states any.

  /// Position of the step with this name, or nothing.
  [[nodiscard]] std::optional<StepIndex> find(std::string_view step_name) const;
  /// Position of the pivot, or no_step.
  [[nodiscard]] StepIndex pivot() const;
  /// Digest of the normal form. Computed when the definition was made.
  [[nodiscard]] const Digest& digest() const { return digest_; }
  /// The normal form: a definition in JSON, every value stated, keys sorted. parse_definition()
  /// reads it back as an equal value.
  [[nodiscard]] const std::string& normal_form() const { return normal_form_; }

  friend bool operator==(const Definition& a, const Definition& b) {
    return a.normal_form_ == b.normal_form_;
  }

 private:
  friend Definition make_definition(const Json& document);
  std::string normal_form_;
  Digest digest_;
};

/// Definitions are shared by every saga that pinned them and never change: hence shared, const.
using DefinitionPtr = std::shared_ptr<const Definition>;

/// Checks a document and makes the definition. \throws DefinitionError naming the place.
[[nodiscard]] Definition make_definition(const Json& document);
/// Parses and checks. \throws DefinitionError, also for broken JSON.
[[nodiscard]] Definition parse_definition(std::string_view text);
/// Reads a file. \throws DefinitionError that names the file, also when it cannot be read.
[[nodiscard]] Definition load_definition(const std::string& path);

}  // namespace skald
