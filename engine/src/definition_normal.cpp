#include "definition_normal.hpp"

#include <nlohmann/json.hpp>

#include "definition_policies.hpp"

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

Json normal_step(const Step& step) {
  Json json{{"name", step.name},
            {"participant", step.participant},
            {"action", step.action},
            {"kind", to_string(step.kind)},
            {"timeout", format_duration(step.timeout)},
            {"retry", normal_retry(step.retry)},
            {"on_failure", on_failure_json(step.on_failure)}};
  if (step.kind == StepKind::compensatable) {
    json["compensation"] =
        step.compensation ? normal_compensation(*step.compensation) : Json("none");
  }
  if (step.input) json["input"] = step.input->text().value();
  if (step.deadline) json["deadline"] = format_duration(*step.deadline);
  if (!step.resolve.empty()) json["resolve"] = step.resolve;
  return json;
}

}  // namespace

std::string normal_form_of(const Definition& definition) {
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
  for (const Step& step : definition.steps) json["steps"].push_back(normal_step(step));
  return json.dump();
}

}  // namespace skald
