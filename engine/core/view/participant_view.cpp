#include "skald/participant_view.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "skald/text.hpp"

namespace skald {
namespace {

Json time_json(const std::optional<Time>& time) { return time ? Json(format_time(*time)) : Json(); }

Json answer_json(const std::optional<LastAnswer>& answer) {
  if (!answer) return {};
  return {{"at", format_time(answer->at)},
          {"error_code", answer->error_code.empty() ? Json() : Json(answer->error_code)}};
}

Json breaker_json(const BreakerPolicy& policy, const BreakerState& stored, Time now) {
  const BreakerState state = policy.at(stored, now);
  const bool open = state.phase == BreakerPhase::open;
  return {{"state", to_string(state.phase)},
          {"until", open ? time_json(later(state.opened_at, state.open_for)) : Json()},
          {"failures_in_row", state.failures_in_row},
          {"set_until", time_json(state.set_until)}};
}

Json order_json(const BreakerOrder& order) {
  return {{"at", format_time(order.at)},
          {"breaker", to_string(order.phase)},
          {"until", time_json(order.until)},
          {"by", order.by},
          {"reason", order.reason}};
}

}  // namespace

Json participant_json(const ParticipantStatus& participant, Time now) {
  const ParticipantPolicies& policies = participant.in_force.policies;
  const ParticipantState& state = participant.state;
  Json json{{"name", participant.name},
            {"policies", policies_json(policies)},
            {"sources", participant.in_force.sources},
            {"breaker", Json()},
            {"in_flight", Json()},
            {"waiting", Json()},
            {"tokens", Json()},
            {"retries_left", Json()},
            {"held", Json()},
            {"last_answer", answer_json(state.last_answer)},
            {"last_error", answer_json(state.last_error)},
            {"unusable_messages", state.unusable},
            {"order", state.order ? order_json(*state.order) : Json()}};
  if (policies.breaker) json["breaker"] = breaker_json(*policies.breaker, state.breaker, now);
  if (policies.rate_limit) json["tokens"] = policies.rate_limit->tokens(state.rate_limit, now);
  if (policies.retry_budget) {
    json["retries_left"] = policies.retry_budget->left(state.retry_budget, now);
  }
  if (participant.waiting) {
    json["in_flight"] = state.bulkhead.in_flight();
    json["waiting"] = *participant.waiting;
  }
  if (const auto hold = held(policies, state, CommandClass::first_try, now)) {
    json["held"] = {{"by", hold->policy}, {"until", time_json(hold->until)}};
  }
  return json;
}

std::string why_held(const Json& participant) {
  const Json& held = participant.at("held");
  if (!held.is_object()) return {};
  const std::string name = participant.at("name").get<std::string>();
  const std::string by = held.at("by").get<std::string>();
  const bool known = held.at("until").is_string();
  const std::string until = known ? held.at("until").get<std::string>() : std::string();
  if (by == "breaker") {
    return known ? fmt::format("the breaker of {} is open until {}", name, until)
                 : fmt::format("the breaker of {} is half open and awaits its probes", name);
  }
  if (by == "rate_limit") return fmt::format("the rate limit of {} holds it until {}", name, until);
  if (by == "retry_budget") return fmt::format("the retry budget of {} is used up", name);
  return fmt::format(
      "the bulkhead of {} takes no more actions: {} of at most {} commands are "
      "under way",
      name, dump_json(participant.at("in_flight")),
      dump_json(participant.at("policies").at("bulkhead").at("max_in_flight")));
}

}  // namespace skald
