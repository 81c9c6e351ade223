#include "skald/definition_builder.hpp"

#include <nlohmann/json.hpp>

#include "definition/policies.hpp"

namespace skald {

DefinitionBuilder::DefinitionBuilder(const std::string& type, std::uint32_t version)
    : document_(std::make_unique<Json>(
          Json{{"saga", type}, {"version", version}, {"steps", Json::array()}})) {}
DefinitionBuilder::~DefinitionBuilder() = default;
DefinitionBuilder::DefinitionBuilder(DefinitionBuilder&&) noexcept = default;
DefinitionBuilder& DefinitionBuilder::operator=(DefinitionBuilder&&) noexcept = default;

DefinitionBuilder& DefinitionBuilder::description(const std::string& text) {
  (*document_)["description"] = text;
  return *this;
}

DefinitionBuilder& DefinitionBuilder::deadline(Duration duration) {
  (*document_)["deadline"] = format_duration(duration);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::output(const Json& output_template) {
  (*document_)["output"] = output_template;
  return *this;
}

DefinitionBuilder& DefinitionBuilder::secret(const std::string& pointer) {
  (*document_)["secrets"].push_back(pointer);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::priority(int priority) {
  (*document_)["priority"] = priority;
  return *this;
}

DefinitionBuilder& DefinitionBuilder::input_schema(const Json& schema) {
  (*document_)["input_schema"] = schema;
  return *this;
}

DefinitionBuilder& DefinitionBuilder::lock(const std::string& name_with_pointers) {
  (*document_)["locks"].push_back(name_with_pointers);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::on_sibling_failure(OnSiblingFailure rule) {
  (*document_)["on_sibling_failure"] = to_string(rule);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::undo(UndoOrder order) {
  (*document_)["undo"] = to_string(order);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::key_reuse(KeyReuse rule) {
  (*document_)["key_reuse"] = to_string(rule);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::default_timeout(Duration duration) {
  (*document_)["defaults"]["timeout"] = format_duration(duration);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::default_retry(const RetryPolicy& policy) {
  (*document_)["defaults"]["retry"] = retry_json(policy);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::default_compensation_retry(const RetryPolicy& policy) {
  (*document_)["defaults"]["compensation_retry"] = retry_json(policy);
  return *this;
}

DefinitionBuilder& DefinitionBuilder::policies(const std::string& participant,
                                               const ParticipantPolicies& policies) {
  (*document_)["participants"][participant].update(policies_json(policies));
  return *this;
}

StepBuilder DefinitionBuilder::step(const std::string& name) {
  (*document_)["steps"].push_back(Json{{"name", name}});
  return StepBuilder(*this);
}

Definition DefinitionBuilder::build() const { return make_definition(*document_); }

Json& StepBuilder::outer() const { return (*builder_->document_)["steps"].back(); }

Json& StepBuilder::document() const {
  Json& step = outer();
  return step.contains("for_each") ? step["for_each"]["step"] : step;
}

StepBuilder& StepBuilder::participant(const std::string& name) {
  document()["participant"] = name;
  return *this;
}

StepBuilder& StepBuilder::action(const std::string& name) {
  document()["action"] = name;
  return *this;
}

// As an object, so that an action called "none" stays an action.
StepBuilder& StepBuilder::compensation(const std::string& action) {
  document()["compensation"] = Json{{"action", action}};
  return *this;
}

StepBuilder& StepBuilder::compensation(const std::string& action, const Json& input_template) {
  document()["compensation"] = Json{{"action", action}, {"input", input_template}};
  return *this;
}

StepBuilder& StepBuilder::no_compensation() {
  document()["compensation"] = "none";
  return *this;
}

StepBuilder& StepBuilder::pivot() {
  document()["kind"] = to_string(StepKind::pivot);
  return *this;
}

StepBuilder& StepBuilder::retriable() {
  document()["kind"] = to_string(StepKind::retriable);
  return *this;
}

StepBuilder& StepBuilder::input(const Json& input_template) {
  document()["input"] = input_template;
  return *this;
}

StepBuilder& StepBuilder::timeout(Duration duration) {
  document()["timeout"] = format_duration(duration);
  return *this;
}

StepBuilder& StepBuilder::deadline(Duration duration) {
  document()["deadline"] = format_duration(duration);
  return *this;
}

StepBuilder& StepBuilder::retry(const RetryPolicy& policy) {
  document()["retry"] = retry_json(policy);
  return *this;
}

StepBuilder& StepBuilder::compensation_retry(const RetryPolicy& policy) {
  document()["compensation_retry"] = retry_json(policy);
  return *this;
}

StepBuilder& StepBuilder::on_failure_compensate() {
  document()["on_failure"] = "compensate";
  return *this;
}

StepBuilder& StepBuilder::on_failure_stuck() {
  document()["on_failure"] = "stuck";
  return *this;
}

StepBuilder& StepBuilder::on_failure_skip() {
  document()["on_failure"] = "skip";
  return *this;
}

StepBuilder& StepBuilder::fallback(const Json& output) {
  document()["on_failure"] = Json{{"fallback", output}};
  return *this;
}

StepBuilder& StepBuilder::resolve(const std::string& action) {
  document()["resolve"] = action;
  return *this;
}

StepBuilder& StepBuilder::after(const std::vector<std::string>& steps) {
  outer()["after"] = steps;
  return *this;
}

StepBuilder& StepBuilder::when(const Json& predicate) {
  outer()["when"] = predicate;
  return *this;
}

StepBuilder& StepBuilder::hedge(Duration delay, std::uint32_t max_attempts) {
  document()["hedge"] = Json{{"delay", format_duration(delay)}, {"max_attempts", max_attempts}};
  return *this;
}

StepBuilder& StepBuilder::sleep(Duration duration) {
  document()["sleep"] = format_duration(duration);
  return *this;
}

StepBuilder& StepBuilder::sleep_until(const Json& time_or_template) {
  document()["sleep"] = time_or_template;
  return *this;
}

StepBuilder& StepBuilder::wait_for(const std::string& signal, std::optional<Duration> timeout) {
  document()["wait_for"] = Json{{"signal", signal}};
  if (timeout) document()["wait_for"]["timeout"] = format_duration(*timeout);
  return *this;
}

StepBuilder& StepBuilder::child(const std::string& type, std::optional<std::uint32_t> version) {
  document()["saga"]["type"] = type;
  if (version) document()["saga"]["version"] = *version;
  return *this;
}

StepBuilder& StepBuilder::child_input(const Json& input_template) {
  document()["saga"]["input"] = input_template;
  return *this;
}

StepBuilder& StepBuilder::for_each(const std::string& list_pointer, std::uint32_t concurrency,
                                   const std::string& as) {
  outer()["for_each"] = Json{
      {"in", list_pointer}, {"concurrency", concurrency}, {"as", as}, {"step", Json::object()}};
  return *this;
}

StepBuilder& StepBuilder::page(std::uint32_t elements) {
  outer()["for_each"]["page"] = elements;
  return *this;
}

}  // namespace skald
