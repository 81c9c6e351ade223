// The JSON of show and list.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "decide/decider.hpp"
#include "skald/view.hpp"
#include "view/parts.hpp"

namespace skald {

namespace {

Json compensation_json(const SecretMask& mask, const StepState& s, StepIndex index) {
  const Attempts& a = s.of(Direction::compensate);
  const auto& compensation = mask.definition().steps[index].compensation;
  return {{"action", compensation ? Json(compensation->action) : Json(nullptr)},
          {"status", to_string(s.compensation)},
          {"attempts", a.made},
          {"round", a.round},
          {"forced", s.undo_forced},
          {"started_at", optional_time(s.undo_started_at)},
          {"ended_at", optional_time(s.undo_ended_at)},
          {"next_at", optional_time(a.retry_at)},
          {"error", a.error ? error_json(mask, *a.error) : Json(nullptr)}};
}

// What a waiting step waits for; null for any other.
Json waiting_json(const Step& step, const StepState& s) {
  if (s.status != StepStatus::waiting) return nullptr;
  if (const auto* wait = step.as<WaitFor>()) {
    return {{"for", "signal"}, {"signal", wait->signal}, {"until", optional_time(s.wake_at)}};
  }
  if (step.as<ChildSaga>()) return {{"for", "saga"}, {"saga", optional_id(s.child)}};
  return {{"for", "sleep"}, {"until", optional_time(s.wake_at)}};
}

Json name_or_null(const std::string& name) { return name.empty() ? Json(nullptr) : Json(name); }

Json step_json(const SecretMask& mask, const Saga& saga, StepIndex index) {
  const Step& step = mask.definition().steps[index];
  const StepState& s = saga.steps[index];
  const Attempts& a = s.of(Direction::action);
  const auto error = shown_error(s);
  return {{"name", step.name},
          {"participant", name_or_null(step.participant)},
          {"action", name_or_null(step.action)},
          {"kind", to_string(step.kind)},
          {"status", to_string(s.status)},
          {"attempts", a.made},
          {"round", a.round},
          {"unanswered", a.unanswered.size()},
          {"forced", s.forced},
          {"carried_over", s.carried_over},
          {"started_at", optional_time(s.started_at)},
          {"ended_at", optional_time(s.ended_at)},
          {"next_at", optional_time(a.retry_at ? a.retry_at : s.wake_at)},
          {"waiting", waiting_json(step, s)},
          {"child", optional_id(s.child)},
          {"output", s.output ? mask.output(index, *s.output) : Json(nullptr)},
          {"error", error ? error_json(mask, *error) : Json(nullptr)},
          {"compensation", compensation_json(mask, s, index)}};
}

Json saga_error(const SecretMask& mask, const Saga& saga) {
  const ErrorInfo* error = saga.stuck       ? &saga.stuck->error
                           : saga.turn_back ? &saga.turn_back->error
                                            : nullptr;
  if (!error) return nullptr;
  const StepIndex step = saga.stuck ? saga.stuck->step : saga.turn_back->step;
  Json json = error_json(mask, *error);
  json["step"] = name_or_null(step_name(mask.definition(), step));
  return json;
}

Json lock_names_json(const SecretMask& mask, const Saga& saga) {
  Json names = Json::array();
  for (const std::string& lock : saga.locks) names.push_back(mask.lock(lock));
  return names;
}

Json kept_signals(const Saga& saga) {
  Json names = Json::array();
  for (const KeptSignal& signal : saga.signals) names.push_back(signal.name);
  return names;
}

Json failing_json(const SecretMask& mask, const Saga& saga) {
  if (!saga.failing) return nullptr;
  Json json = error_json(mask, saga.failing->error);
  json["step"] = name_or_null(step_name(mask.definition(), saga.failing->step));
  return json;
}

Json unusable_json(const SecretMask& mask, const Saga& saga) {
  if (!saga.unusable) return nullptr;
  return {{"count", saga.unusable_count},
          {"at", format_time(saga.unusable->at)},
          {"step", name_or_null(step_name(mask.definition(), saga.unusable->step))},
          {"reason", saga.unusable->reason},
          {"detail", mask.text(saga.unusable->detail)}};
}

}  // namespace

StepIndex current_step(const Saga& saga) {
  if (saga.stuck) return saga.stuck->step;
  if (saga.status == Status::compensating) {
    for (const StepIndex step : saga.undo_plan) {
      if (!is_closed(saga.steps[step].compensation)) return step;
    }
    return no_step;
  }
  if (is_end(saga.status)) return saga.turn_back ? saga.turn_back->step : no_step;
  // One that is under way says more than one that is not.
  StepIndex next = no_step;
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    if (saga.done.contains(i)) continue;
    if (saga.begun.contains(i)) return i;
    if (next == no_step) next = i;
  }
  return next;
}

Json show_json(const Definition& definition, const Saga& saga, Time now) {
  const SecretMask mask(definition, saga);
  Json steps = Json::array();
  for (StepIndex i = 0; i < saga.steps.size(); ++i) steps.push_back(step_json(mask, saga, i));
  Json undo_plan = Json::array();
  for (const StepIndex step : saga.undo_plan) undo_plan.push_back(step_name(definition, step));
  Json unconfirmed = Json::array();
  for (const StepIndex step : saga.undo_plan) {
    if (saga.steps[step].undo_forced) unconfirmed.push_back(step_name(definition, step));
  }
  return {{"id", saga.id.to_string()},
          {"type", saga.type},
          {"version", saga.definition_version},
          {"definition", saga.definition.to_string()},
          {"status", to_string(saga.status)},
          {"paused", saga.paused},
          {"forced", saga.forced},
          {"contradicted", saga.contradicted},
          {"key", saga.key ? Json(*saga.key) : Json(nullptr)},
          {"holds_key", saga.holds_key},
          {"input", mask.input(saga.input)},
          {"output", saga.output ? mask.result(*saga.output) : Json(nullptr)},
          {"error", saga_error(mask, saga)},
          {"why", why(mask, saga, now)},
          {"started_at", format_time(saga.started_at)},
          {"updated_at", format_time(saga.updated_at)},
          {"ended_at", optional_time(saga.ended_at)},
          {"deadline", optional_time(saga.deadline)},
          {"not_before", optional_time(saga.not_before)},
          {"priority", saga.priority},
          {"locks", lock_names_json(mask, saga)},
          {"holds_locks", saga.holds_locks},
          {"parent", saga.parent ? Json(saga.parent->saga.to_string()) : Json(nullptr)},
          {"kept_signals", kept_signals(saga)},
          {"failing", failing_json(mask, saga)},
          {"unusable_messages", unusable_json(mask, saga)},
          {"next_at", optional_time(next_wake(definition, saga))},
          {"replay_of", optional_id(saga.replay_of)},
          {"replayed_by", optional_id(saga.replayed_by)},
          {"history_version", saga.version},
          {"undo_plan", std::move(undo_plan)},
          {"unconfirmed", std::move(unconfirmed)},
          {"steps", std::move(steps)}};
}

Json list_json(const Definition& definition, const Saga& saga) {
  const StepIndex at = current_step(saga);
  const bool some = at < saga.steps.size();
  const Direction direction = saga.stuck                            ? saga.stuck->direction
                              : saga.status == Status::compensating ? Direction::compensate
                                                                    : Direction::action;
  const SecretMask mask(definition, saga);
  const Json error = saga_error(mask, saga);
  return {{"id", saga.id.to_string()},
          {"type", saga.type},
          {"version", saga.definition_version},
          {"status", to_string(saga.status)},
          {"paused", saga.paused},
          {"forced", saga.forced},
          {"key", saga.key ? Json(*saga.key) : Json(nullptr)},
          {"step", some ? Json(step_name(definition, at)) : Json(nullptr)},
          {"attempts", some ? saga.steps[at].of(direction).made : 0},
          {"error_code", error.is_null() ? Json(nullptr) : error["code"]},
          {"started_at", format_time(saga.started_at)},
          {"updated_at", format_time(saga.updated_at)},
          {"ended_at", optional_time(saga.ended_at)},
          {"next_at", optional_time(next_wake(definition, saga))},
          {"replay_of", optional_id(saga.replay_of)}};
}

Json saga_document(const Definition& definition, const Saga& saga) {
  Json steps = Json::object();
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    const StepState& s = saga.steps[i];
    steps[step_name(definition, i)] = {{"status", to_string(s.status)},
                                       {"output", s.output ? s.output->value() : Json(nullptr)}};
  }
  return {{"id", saga.id.to_string()},
          {"key", saga.key ? Json(*saga.key) : Json(nullptr)},
          {"input", saga.input.value()},
          {"output", saga.output ? saga.output->value() : Json(nullptr)},
          {"steps", std::move(steps)}};
}

}  // namespace skald
