#include "definition/normal.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "definition/policies.hpp"
#include "definition/shape.hpp"
#include "definition/waits.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"

namespace skald {

namespace {

Json normal_retry(const RetryPolicy& policy) {
  Json json = retry_json(policy);
  if (!policy.max_elapsed) json.erase("max_elapsed");
  return json;
}

Json normal_compensation(const Compensation& compensation) {
  Json json{{"action", compensation.action},
            {"timeout", format_duration(compensation.timeout)},
            {"retry", normal_retry(compensation.retry)}};
  if (compensation.input) json["input"] = compensation.input->text().value();
  return json;
}

Json normal_call(const Step& step) {
  Json json{{"participant", step.participant},
            {"action", step.action},
            {"timeout", format_duration(step.timeout)},
            {"retry", normal_retry(step.retry)}};
  if (step.kind == StepKind::compensatable) {
    json["compensation"] =
        step.compensation ? normal_compensation(*step.compensation) : Json("none");
  }
  if (step.input) json["input"] = step.input->text().value();
  if (step.deadline) json["deadline"] = format_duration(*step.deadline);
  if (!step.resolve.empty()) json["resolve"] = step.resolve;
  if (step.hedge) {
    json["hedge"] = {{"delay", format_duration(step.hedge->delay)},
                     {"max_attempts", step.hedge->max_attempts}};
  }
  return json;
}

// What the step does, without its name and place among the others.
Json normal_body(const Step& step) {
  Json json = step.as<Call>() ? normal_call(step) : work_json(step.work);
  json["kind"] = to_string(step.kind);
  if (!step.as<Sleep>()) json["on_failure"] = on_failure_json(step.on_failure);
  return json;
}

Json normal_step(const Definition& definition, StepIndex index) {
  const Step& step = definition.steps[index];
  Json json;
  if (const auto* each = step.as<ForEach>()) {
    json["for_each"] = {{"in", each->in},
                        {"as", each->as},
                        {"concurrency", each->concurrency},
                        {"step", normal_body(*each->step)}};
    if (each->page > 0) json["for_each"]["page"] = each->page;
    if (each->gather != "/output") {
      json["for_each"]["gather"] = each->gather.empty() ? "none" : each->gather;
    }
  } else {
    json = normal_body(step);
  }
  json["name"] = step.name;
  if (step.when) json["when"] = step.when->text().value();
  if (!follows_the_list(step, index)) {
    json["after"] = Json::array();
    for (const StepIndex before : step.after) {
      json["after"].push_back(definition.steps[before].name);
    }
  }
  return json;
}

}  // namespace

namespace {

[[noreturn]] void refuse_length(const std::string& where) {
  throw DefinitionError(
      where, fmt::format("the normal form, in which every value is stated for every step, grows "
                         "over the limit of {} bytes here; state less in defaults, or split the "
                         "saga",
                         JsonLimits{}.bytes));
}

// A definition is stored in its normal form, so what cannot be read back from there cannot be
// used. Measured step by step, for the whole may be a thousand times as long as what was given.
void check_steps(const Definition& definition) {
  std::size_t bytes = 0;
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    bytes += dump_json(normal_step(definition, i)).size();
    if (bytes > JsonLimits{}.bytes) refuse_length(fmt::format("steps[{}]", i));
  }
}

void check_whole(const std::string& text) {
  if (text.size() > JsonLimits{}.bytes) refuse_length("");
  try {
    (void)JsonText::parse(text);
  } catch (const JsonError& error) {
    throw DefinitionError("", fmt::format("the normal form cannot be read back: {}", error.what()));
  }
}

}  // namespace

std::string normal_form_of(const Definition& definition) {
  check_steps(definition);
  Json json{{"saga", definition.type},
            {"version", definition.version},
            {"secrets", definition.secrets},
            {"steps", Json::array()}};
  if (!definition.description.empty()) json["description"] = definition.description;
  if (definition.deadline) json["deadline"] = format_duration(*definition.deadline);
  if (definition.output) json["output"] = definition.output->text().value();
  for (const auto& [name, policies] : definition.participants) {
    json["participants"][name] = policies_json(policies);
  }
  if (definition.priority != default_priority) json["priority"] = definition.priority;
  if (!definition.locks.empty()) json["locks"] = definition.locks;
  if (definition.on_sibling_failure != OnSiblingFailure::compensate) {
    json["on_sibling_failure"] = to_string(definition.on_sibling_failure);
  }
  if (definition.undo != UndoOrder::sequential) json["undo"] = to_string(definition.undo);
  if (definition.key_reuse != KeyReuse::reject) {
    json["key_reuse"] = to_string(definition.key_reuse);
  }
  if (definition.input_schema) json["input_schema"] = definition.input_schema->value();
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    json["steps"].push_back(normal_step(definition, i));
  }
  std::string text = dump_json(json);
  check_whole(text);
  return text;
}

}  // namespace skald
