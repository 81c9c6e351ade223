#include "ports/quarantined_reply.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "skald/text.hpp"

namespace skald {
namespace {

constexpr std::array<std::string_view, 6> own_reasons{
    unusable::unknown_saga,  unusable::unknown_step,  unusable::forged_attempt,
    unusable::contradiction, unusable::saga_unusable, unusable::internal};

Json outcome_json(const Outcome& outcome) {
  Json json{{"outcome", to_string(outcome.kind)}};
  switch (outcome.kind) {
    case OutcomeKind::success: json["output"] = outcome.output.value(); return json;
    case OutcomeKind::pending:
      json["lease_ms"] = outcome.lease.count();
      json["progress"] = outcome.progress;
      return json;
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: break;
  }
  json["error"] = {{"code", outcome.error.code}, {"message", outcome.error.message}};
  if (!outcome.error.data.is_null()) json["error"]["data"] = outcome.error.data.value();
  if (outcome.retry_after) json["error"]["retry_after_ms"] = outcome.retry_after->count();
  if (outcome.final_failure) json["final"] = true;
  return json;
}

// \throws nlohmann::json::exception for what outcome_json() does not write.
std::optional<Outcome> outcome_of(const Json& json) {
  const auto kind = parse_outcome_kind(json.at("outcome").get<std::string>());
  if (!kind) return std::nullopt;
  Outcome outcome;
  outcome.kind = *kind;
  if (json.contains("output")) outcome.output = JsonText::trusted(dump_json(json["output"]));
  outcome.lease = Duration{json.value("lease_ms", std::int64_t{0})};
  outcome.progress = json.value("progress", 0.0);
  outcome.final_failure = json.value("final", false);
  if (!json.contains("error")) return outcome;
  const Json& error = json["error"];
  outcome.error.code = error.at("code").get<std::string>();
  outcome.error.message = error.at("message").get<std::string>();
  if (error.contains("data")) outcome.error.data = JsonText::trusted(dump_json(error["data"]));
  if (error.contains("retry_after_ms")) {
    outcome.retry_after = Duration{error["retry_after_ms"].get<std::int64_t>()};
  }
  return outcome;
}

}  // namespace

QuarantinedMessage keep_reply(const Reply& reply, const std::string& step,
                              const Unusable& problem) {
  QuarantinedMessage message;
  message.reason = problem.reason;
  message.detail = problem.detail;
  message.saga = reply.saga.to_string();
  message.headers = dump_json({{"step", step},
                               {"direction", to_string(reply.attempt.direction)},
                               {"attempt", reply.attempt.attempt}});
  message.body = dump_json(outcome_json(reply.outcome));
  return message;
}

bool is_kept_reply(const QuarantinedMessage& message) {
  return std::find(own_reasons.begin(), own_reasons.end(), message.reason) != own_reasons.end();
}

std::optional<Reply> kept_reply(const QuarantinedMessage& message) {
  const auto saga = SagaId::parse(message.saga);
  const Json headers = Json::parse(message.headers, nullptr, false);
  const Json body = Json::parse(message.body, nullptr, false);
  if (!saga || !headers.is_object() || !body.is_object()) return std::nullopt;
  try {
    const auto direction = parse_direction(headers.at("direction").get<std::string>());
    auto outcome = outcome_of(body);
    if (!direction || !outcome) return std::nullopt;
    Reply reply;
    reply.saga = *saga;
    reply.step = headers.at("step").get<std::string>();
    reply.attempt = {no_step, *direction, headers.at("attempt").get<std::uint32_t>()};
    reply.outcome = *std::move(outcome);
    return reply;
  } catch (const Json::exception&) {
    return std::nullopt;  // Not of our making, or of a future one's.
  }
}

}  // namespace skald
