// Definitions written in C++ instead of JSON.
//
//   auto definition = skald::DefinitionBuilder("place-order", 1)
//       .deadline(10min)
//       .step("reserve-stock").participant("inventory").action("reserve").compensation("release")
//       .step("arrange-shipping").participant("shipping").action("schedule").pivot()
//       .build();
//
// The builder writes the same document that a JSON file would hold and hands it to
// make_definition(), so the checks, the value and the digest are the same.
#pragma once

#include <memory>
#include <string>

#include "skald/definition.hpp"

namespace skald {

class StepBuilder;

/// Not thread-safe; build() may be called more than once.
class DefinitionBuilder {
 public:
  DefinitionBuilder(const std::string& type, std::uint32_t version);
  ~DefinitionBuilder();
  DefinitionBuilder(DefinitionBuilder&&) noexcept;
  DefinitionBuilder& operator=(DefinitionBuilder&&) noexcept;

  DefinitionBuilder& description(const std::string& text);
  DefinitionBuilder& deadline(Duration duration);
  DefinitionBuilder& output(const Json& output_template);
  DefinitionBuilder& secret(const std::string& pointer);
  DefinitionBuilder& default_timeout(Duration duration);
  DefinitionBuilder& default_retry(const RetryPolicy& policy);
  DefinitionBuilder& default_compensation_retry(const RetryPolicy& policy);
  /// What holds for a participant; policies that are absent stay as they are.
  DefinitionBuilder& policies(const std::string& participant, const ParticipantPolicies& policies);
  /// Begins the next step; the calls that follow on the answer describe it.
  StepBuilder step(const std::string& name);

  /// \throws DefinitionError as parse_definition() does.
  [[nodiscard]] Definition build() const;

 private:
  friend class StepBuilder;
  std::unique_ptr<Json> document_;
};

/// Describes the last step of its builder; step() and build() lead on.
class StepBuilder {
 public:
  StepBuilder& participant(const std::string& name);
  StepBuilder& action(const std::string& name);
  StepBuilder& compensation(const std::string& action);
  StepBuilder& compensation(const std::string& action, const Json& input_template);
  StepBuilder& no_compensation();
  StepBuilder& pivot();
  StepBuilder& retriable();
  StepBuilder& input(const Json& input_template);
  StepBuilder& timeout(Duration duration);
  StepBuilder& deadline(Duration duration);
  StepBuilder& retry(const RetryPolicy& policy);
  StepBuilder& compensation_retry(const RetryPolicy& policy);
  StepBuilder& on_failure_compensate();
  StepBuilder& on_failure_stuck();
  StepBuilder& on_failure_skip();
  StepBuilder& fallback(const Json& output);
  StepBuilder& resolve(const std::string& action);
  StepBuilder step(const std::string& name) { return builder_->step(name); }
  [[nodiscard]] Definition build() const { return builder_->build(); }

 private:
  friend class DefinitionBuilder;
  explicit StepBuilder(DefinitionBuilder& builder) : builder_(&builder) {}
  [[nodiscard]] Json& document() const;
  DefinitionBuilder* builder_;
};

}  // namespace skald
