// The parts of a definition that have defaults: retry policies, timeouts, reactions to failure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "json/strict_reader.hpp"
#include "skald/definition.hpp"

namespace skald {

/// What compensations retry by when nothing else is said: longer than actions, because giving up
/// needs an operator.
[[nodiscard]] RetryPolicy default_compensation_retry();

/// Puts the fields that `place` states over those of `policy`.
void overlay_retry(const Place& place, RetryPolicy& policy);
/// Every field; no limit on the time is null.
[[nodiscard]] Json retry_json(const RetryPolicy& policy);

[[nodiscard]] OnFailure read_on_failure(const Place& place);
[[nodiscard]] Json on_failure_json(const OnFailure& on_failure);

/// `defaults` and `participants` of a document, weakest first.
class StepDefaults {
 public:
  /// Checks both parts of `document`, whether or not a step makes use of them.
  explicit StepDefaults(const Place& document);

  /// The timeout of a step that states none.
  [[nodiscard]] Duration timeout(const std::string& participant) const;
  /// The retry policy that a step's own is put over.
  [[nodiscard]] RetryPolicy retry(const std::string& participant) const;
  [[nodiscard]] RetryPolicy compensation_retry() const;
  /// Of a compensatable step.
  [[nodiscard]] OnFailure on_failure() const;

  /// Of the participants for which any is stated.
  [[nodiscard]] PoliciesByName policies() const;

  /// Refuses participants that no step names: most likely a slip of the pen.
  void check_all_used(const std::vector<Step>& steps) const;

 private:
  [[nodiscard]] std::optional<Place> participant(const std::string& name, const char* key) const;
  std::optional<Place> defaults_;
  std::optional<Place> participants_;
};

}  // namespace skald
