#include "view/parts.hpp"

#include <nlohmann/json.hpp>

namespace skald {

Json optional_time(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

Json error_json(const SecretMask& mask, const ErrorInfo& real) {
  const ErrorInfo error = mask.error(real);
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

}  // namespace skald
