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
#include <optional>
#include <string>
#include <vector>

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
  DefinitionBuilder& priority(int priority);
  DefinitionBuilder& lock(const std::string& name_with_pointers);
  DefinitionBuilder& on_sibling_failure(OnSiblingFailure rule);
  DefinitionBuilder& undo(UndoOrder order);
  DefinitionBuilder& key_reuse(KeyReuse rule);
  /// What inputs must be: JSON Schema, draft 7; see docs/definitions.md.
  DefinitionBuilder& input_schema(const Json& schema);
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
  StepBuilder& after(const std::vector<std::string>& steps);
  StepBuilder& when(const Json& predicate);
  StepBuilder& hedge(Duration delay, std::uint32_t max_attempts = 2);
  /// Instead of participant() and action():
  StepBuilder& sleep(Duration duration);
  StepBuilder& sleep_until(const Json& time_or_template);
  StepBuilder& wait_for(const std::string& signal, std::optional<Duration> timeout = {});
  StepBuilder& child(const std::string& type, std::optional<std::uint32_t> version = {});
  StepBuilder& child_input(const Json& input_template);
  /// The calls that follow describe the step that is run for each element of the list.
  StepBuilder& for_each(const std::string& list_pointer, std::uint32_t concurrency = 1,
                        const std::string& as = "item");
  /// So many elements of the list are given to one step, as an array.
  StepBuilder& page(std::uint32_t elements);
  StepBuilder step(const std::string& name) { return builder_->step(name); }
  [[nodiscard]] Definition build() const { return builder_->build(); }

 private:
  friend class DefinitionBuilder;
  explicit StepBuilder(DefinitionBuilder& builder) : builder_(&builder) {}
  [[nodiscard]] Json& document() const;  ///< Of the step that acts.
  [[nodiscard]] Json& outer() const;     ///< Of the step that has the name.
  DefinitionBuilder* builder_;
};

}  // namespace skald
