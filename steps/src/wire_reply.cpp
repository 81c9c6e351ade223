#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "skald/text.hpp"
#include "skald/wire.hpp"
#include "wire_text.hpp"

namespace skald {

namespace {

using namespace wire;

// Longest delay and lease that a participant may ask for; longer ones would be mistakes.
constexpr std::int64_t wish_limit_ms = std::int64_t{366} * 24 * 60 * 60 * 1000;

UnusableMessage bad_outcome(std::string detail) { return {"BAD_OUTCOME", std::move(detail)}; }

std::optional<Duration> milliseconds(const Json& value) {
  if (!value.is_number_integer() && !value.is_number_unsigned()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  if (number < 0 || number > wish_limit_ms) return std::nullopt;
  return Duration{number};
}

std::optional<UnusableMessage> read_error(const Json& body, Outcome& outcome) {
  const auto error = body.find("error");
  if (error == body.end() || !error->is_object())
    return bad_outcome("the body has no error object");
  const auto code = error->find("code");
  if (code == error->end() || !code->is_string() || code->get_ref<const std::string&>().empty()) {
    return bad_outcome("error.code is not a text");
  }
  outcome.error.code = code->get<std::string>();
  if (const auto message = error->find("message"); message != error->end() && !message->is_null()) {
    if (!message->is_string()) return bad_outcome("error.message is not a text");
    outcome.error.message = message->get<std::string>();
  }
  if (const auto data = error->find("data"); data != error->end()) {
    outcome.error.data = JsonText::trusted(dump_json(*data));
  }
  if (outcome.kind != OutcomeKind::failed) return std::nullopt;
  if (const auto wish = error->find("retry_after_ms"); wish != error->end() && !wish->is_null()) {
    outcome.retry_after = milliseconds(*wish);
    if (!outcome.retry_after) {
      return bad_outcome("error.retry_after_ms is not a number of milliseconds");
    }
  }
  return std::nullopt;
}

std::optional<UnusableMessage> read_pending(const Json& body, Outcome& outcome) {
  const auto lease = body.find("lease_ms");
  const auto duration = lease == body.end() ? std::nullopt : milliseconds(*lease);
  if (!duration || duration->count() == 0) {
    return bad_outcome("lease_ms is not a positive number of milliseconds");
  }
  outcome.lease = *duration;
  if (const auto progress = body.find("progress"); progress != body.end()) {
    if (!progress->is_number()) return bad_outcome("progress is not a number");
    outcome.progress = progress->get<double>();
    if (!(outcome.progress >= 0 && outcome.progress <= 1)) {
      return bad_outcome("progress is not between 0 and 1");
    }
  }
  return std::nullopt;
}

std::optional<UnusableMessage> read_outcome(const Json& body, Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::success:
      if (const auto output = body.find("output"); output != body.end()) {
        outcome.output = JsonText::trusted(dump_json(*output));
      }
      return std::nullopt;
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: return read_error(body, outcome);
    case OutcomeKind::pending: return read_pending(body, outcome);
  }
  return bad_outcome("skald_outcome is none of the five outcomes");
}

Reply reply_to(const CommandId& id, Outcome outcome) {
  return {id.saga, {no_step, id.direction, id.attempt}, id.step, std::move(outcome), 0};
}

DecodedReply judge_dead_command(const WireMessage& message, std::string_view reason,
                                const WireLimits& limits) {
  if (auto problem = check_headers(message, limits)) return *problem;
  const auto id = CommandId::parse(message.properties.message_id);
  if (!id) return UnusableMessage{"BAD_HEADERS", "a dead letter is not a command of Skald"};
  if (auto problem = check_against(message, *id)) return *problem;
  if (reason != "rejected") return LostCommand{*id, std::string(reason)};
  Outcome outcome = Outcome::failed("DEAD_LETTERED", "the participant could not read the command");
  outcome.final_failure = true;
  return reply_to(*id, std::move(outcome));
}

std::string reply_body(const Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::success: return fmt::format(R"({{"output":{}}})", outcome.output.text());
    case OutcomeKind::pending:
      return dump_json({{"lease_ms", outcome.lease.count()}, {"progress", outcome.progress}});
    case OutcomeKind::rejected:
    case OutcomeKind::failed:
    case OutcomeKind::unknown: break;
  }
  std::string body = R"({"error":{"code":)";
  append_json_string(body, outcome.error.code);
  body += R"(,"message":)";
  append_json_string(body, outcome.error.message);
  if (!outcome.error.data.is_null()) body += R"(,"data":)" + outcome.error.data.text();
  if (outcome.retry_after)
    body += fmt::format(R"(,"retry_after_ms":{})", outcome.retry_after->count());
  return body + "}}";
}

}  // namespace

WireMessage encode_reply(const WireMessage& command, const Outcome& outcome,
                         const std::string& message_id, Time now) {
  WireMessage reply;
  reply.properties.content_type = json_type;
  reply.properties.message_id = message_id;
  reply.properties.correlation_id = command.properties.correlation_id;
  reply.properties.timestamp =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  reply.headers.reserve(command.headers.size() + 2);
  for (const auto& [name, value] : command.headers) {
    const bool echoed = name.starts_with("skald_") && name != dead_reason_header &&
                        !std::holds_alternative<std::monostate>(value);
    if (echoed) reply.headers[name] = value;
  }
  reply.headers[command_id_header] = command.properties.message_id;
  reply.headers[outcome_header] = std::string(to_string(outcome.kind));
  reply.body = reply_body(outcome);
  reply.body_bytes = reply.body.size();
  return reply;
}

DecodedReply decode_reply(const WireMessage& message, const WireLimits& limits) {
  if (const auto reason = text_header(message, dead_reason_header)) {
    return judge_dead_command(message, *reason, limits);
  }
  if (auto problem = check_headers(message, limits)) return *problem;
  const auto id = CommandId::parse(text_header(message, command_id_header).value_or(""));
  if (!id) return UnusableMessage{"BAD_HEADERS", "skald_command_id is not the id of a command"};
  if (message.properties.correlation_id.empty()) {
    return UnusableMessage{"BAD_HEADERS", "correlation_id is missing"};
  }
  if (auto problem = check_against(message, *id)) return *problem;
  const auto kind = parse_outcome_kind(text_header(message, outcome_header).value_or(""));
  if (!kind) return bad_outcome("skald_outcome is none of the five outcomes");

  UnusableMessage problem;
  const auto body = checked_object(message, limits, problem);
  if (!body) return problem;
  Outcome outcome;
  outcome.kind = *kind;
  const auto output = *kind == OutcomeKind::success ? only_member(*body, "output") : std::nullopt;
  if (output) {
    outcome.output = JsonText::trusted(std::string(*output));
  } else if (auto misfit = read_outcome(body->value(), outcome)) {
    return *misfit;
  }
  return reply_to(*id, std::move(outcome));
}

DecodedReply decode_dead_command(const WireMessage& message, const WireLimits& limits) {
  return judge_dead_command(
      message, text_header(message, "x-first-death-reason").value_or("unknown"), limits);
}

WireMessage forward_dead_command(const WireMessage& message) {
  WireMessage forwarded = message;
  const auto reason = text_header(message, "x-first-death-reason").value_or("unknown");
  forwarded.headers[dead_reason_header] = std::string(reason);
  // The broker reads these on a message that is published, and would count the old deaths again.
  forwarded.headers.erase_if([](const auto& header) { return header.first.starts_with("x-"); });
  return forwarded;
}

}  // namespace skald
