#include "view_parts.hpp"

#include <nlohmann/json.hpp>

namespace skald {
namespace {

constexpr const char* mask = "***";

// Hides what the definition declares secret; a pointer that leads nowhere hides nothing.
void mask_at(Json& document, const std::string& pointer) {
  const Json::json_pointer path(pointer);
  if (document.contains(path)) document[path] = mask;
}

}  // namespace

Json optional_time(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

Json error_json(const ErrorInfo& error) {
  Json json{{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) json["data"] = error.data.value();
  return json;
}

std::string step_name(const Definition& definition, StepIndex step) {
  return step < definition.steps.size() ? definition.steps[step].name : std::string{};
}

std::optional<ErrorInfo> shown_error(const StepState& s) {
  if (s.error) return s.error.as_optional();
  const bool undecided = s.status == StepStatus::dispatched || s.status == StepStatus::retry_wait;
  return undecided ? s.of(Direction::action).error.as_optional() : std::nullopt;
}

Json optional_id(const std::optional<SagaId>& id) {
  return id ? Json(id->to_string()) : Json(nullptr);
}

// The value at `base` (such as `/input`), with every secret below it hidden.
Json masked(const Definition& definition, const std::string& base, const JsonText& text) {
  Json value = text.value();
  for (const std::string& secret : definition.secrets) {
    if (secret == base) return mask;
    if (secret.compare(0, base.size() + 1, base + "/") == 0) {
      mask_at(value, secret.substr(base.size()));
    }
  }
  return value;
}

Json masked_output(const Definition& definition, StepIndex step, const JsonText& output) {
  return masked(definition, "/steps/" + step_name(definition, step) + "/output", output);
}

Json masked_patch(const Definition& definition, const JsonText& patch) {
  return definition.secrets.empty() ? patch.value() : Json(mask);
}

}  // namespace skald
