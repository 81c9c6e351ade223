// The JSON of histories.
#include <nlohmann/json.hpp>

#include "skald/view.hpp"
#include "view/parts.hpp"

namespace skald {
namespace {

// The fields of each event, as histories show them.
class EventFields {
 public:
  explicit EventFields(const SecretMask& mask) : mask_(mask), definition_(mask.definition()) {}

  Json operator()(const SagaStarted& e) const {
    Json json{{"key", e.key ? Json(*e.key) : Json(nullptr)},
              {"input", mask_.input(e.input)},
              {"definition", e.definition.to_string()},
              {"replay_of", optional_id(e.replay_of)}};
    Json carried = Json::array();
    for (const CarriedOutput& c : e.carried) carried.push_back(step_name(definition_, c.step));
    if (!carried.empty()) json["carried_over"] = std::move(carried);
    if (e.not_before) json["not_before"] = format_time(*e.not_before);
    if (e.priority) json["priority"] = *e.priority;
    if (e.parent) json["parent"] = e.parent->saga.to_string();
    for (const std::string& lock : e.locks) json["locks"].push_back(mask_.lock(lock));
    return with(std::move(json), e.requester);
  }
  Json operator()(const CommandIssued& e) const {
    Json json = of(e.attempt);
    json["round"] = e.round;
    return json;
  }
  Json operator()(const AttemptFailed& e) const { return with(of(e.attempt), e.error); }
  Json operator()(const AttemptUnanswered& e) const { return with(of(e.attempt), e.error); }
  Json operator()(const LateFailure& e) const { return with(of(e.attempt), e.error); }
  Json operator()(const RetryScheduled& e) const {
    Json json = of(e.step, e.direction);
    json["retry_at"] = format_time(e.at);
    return json;
  }
  Json operator()(const StepSucceeded& e) const {
    Json json = of(e.attempt);
    json["output"] = mask_.output(e.attempt.step, e.output);
    return json;
  }
  Json operator()(const StepRejected& e) const { return with(of(e.attempt), e.error); }
  Json operator()(const StepFailed& e) const { return with(of(e.step), e.error); }
  Json operator()(const StepInDoubt& e) const { return with(of(e.step), e.error); }
  Json operator()(const StepSkipped& e) const {
    Json json = with(of(e.step), e.error);
    if (e.output) json["output"] = mask_.output(e.step, *e.output);
    return json;
  }
  Json operator()(const SagaTurnedBack& e) const {
    Json json = with(of(e.cause.step), e.cause.error);
    json["undo_plan"] = Json::array();
    for (const StepIndex s : e.plan) json["undo_plan"].push_back(step_name(definition_, s));
    return with(std::move(json), e.requester);
  }
  Json operator()(const StepCompensated& e) const { return of(e.attempt); }
  Json operator()(const CompensationSkipped& e) const {
    Json json = of(e.step);
    json["no_effect"] = e.no_effect;
    return json;
  }
  Json operator()(const SagaStuck& e) const {
    Json json = with(of(e.why.step, e.why.direction), e.why.error);
    json["resumes_to"] = to_string(e.why.resumes_to);
    return json;
  }
  Json operator()(const WishRecorded& e) const {
    return with(with(Json::object(), e.reason), e.requester);
  }
  Json operator()(const SagaResumed& e) const {
    Json json = e.step == no_step ? Json::object() : of(e.step, e.direction);
    json["unpaused"] = e.unpaused;
    if (e.input_patch) json["input_patch"] = mask_.patch(*e.input_patch);
    return with(std::move(json), e.requester);
  }
  Json operator()(const RetryHastened& e) const {
    return with(of(e.step, e.direction), e.requester);
  }
  Json operator()(const SagaPaused& e) const { return with(Json::object(), e.requester); }
  Json operator()(const OperatorDecided& e) const {
    Json json = of(e.step);
    json["verdict"] = e.verdict;
    return with(std::move(json), e.requester);
  }
  Json operator()(const ContradictionSeen& e) const {
    Json json = of(e.attempt);
    json["claimed"] = to_string(e.claimed);
    return json;
  }
  Json operator()(const ReplayStarted& e) const {
    return {{"replayed_by", e.by.to_string()}, {"key_handed_over", e.key_handed_over}};
  }
  Json operator()(const SagaCompleted& e) const { return {{"output", mask_.result(e.output)}}; }
  Json operator()(const SagaCompensated&) const { return Json::object(); }
  Json operator()(const SagaAbandoned& e) const { return with(Json::object(), e.requester); }
  Json operator()(const StepWaiting& e) const {
    Json json = of(e.step);
    json["until"] = optional_time(e.until);
    return json;
  }
  Json operator()(const SignalKept& e) const {
    // A signal's data becomes the output of whichever step takes it.
    const Json data = mask_.patch(e.data);
    return with(Json{{"signal", e.name}, {"data", data}}, e.requester);
  }
  Json operator()(const SignalTaken& e) const {
    Json json = of(e.step);
    json["signal"] = e.name;
    return json;
  }
  Json operator()(const ChildStarted& e) const { return with(of(e.attempt), e.child); }
  Json operator()(const ChildTurnedBack& e) const { return with(of(e.attempt), e.child); }
  Json operator()(const AttemptHedged& e) const { return of(e.attempt); }
  Json operator()(const AttemptInterrupted& e) const {
    Json json = of(e.attempt);
    json["for_good"] = e.for_good;
    return json;
  }
  Json operator()(const LocksAwaited& e) const {
    return {{"lock", mask_.lock(e.name)}, {"behind", e.behind.to_string()}};
  }
  Json operator()(const LocksGranted&) const { return Json::object(); }
  Json operator()(const SiblingsAwaited& e) const { return with(of(e.cause.step), e.cause.error); }
  Json operator()(const MessageQuarantined& e) const {
    Json json = of(e.step);
    json["reason"] = e.reason;
    json["detail"] = mask_.text(e.detail);
    return json;
  }
  Json operator()(const KeyHandedOver& e) const { return {{"to", e.to.to_string()}}; }

 private:
  [[nodiscard]] Json of(StepIndex step) const {
    const std::string name = step_name(definition_, step);
    return {{"step", name.empty() ? Json(nullptr) : Json(name)}};
  }
  [[nodiscard]] Json of(StepIndex step, Direction direction) const {
    Json json = of(step);
    json["direction"] = to_string(direction);
    return json;
  }
  [[nodiscard]] Json of(const AttemptRef& attempt) const {
    Json json = of(attempt.step, attempt.direction);
    json["attempt"] = attempt.attempt;
    return json;
  }
  static Json with(Json json, const SagaId& child) {
    json["child"] = child.to_string();
    return json;
  }
  [[nodiscard]] Json with(Json json, const ErrorInfo& error) const {
    json["error"] = error_json(mask_, error);
    return json;
  }
  [[nodiscard]] Json with(Json json, const Requester& requester) const {
    if (!requester.by.empty()) json["by"] = mask_.text(requester.by);
    if (!requester.reason.empty()) json["reason"] = mask_.text(requester.reason);
    return json;
  }

  const SecretMask& mask_;
  const Definition& definition_;
};

}  // namespace

Json event_json(const SecretMask& mask, const Event& event) {
  Json json = std::visit(EventFields{mask}, event);
  json["event"] = event_name(event);
  return json;
}

Json journal_row_json(const SecretMask& mask, const JournalRow& row) {
  Json events = Json::array();
  for (const Event& event : row.events) events.push_back(event_json(mask, event));
  return {{"version", row.version}, {"at", format_time(row.at)}, {"events", std::move(events)}};
}

}  // namespace skald
