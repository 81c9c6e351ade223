#include <fmt/format.h>

#include "skald/wire.hpp"
#include "wire_text.hpp"

namespace skald {

namespace {

// The most that a command has.
constexpr std::size_t command_headers = 14;
// Inside `reason.error.data` of a compensation.
constexpr std::size_t deepest_payload = 3;

std::string action_key(const CommandId& id) {
  return CommandId{id.saga, id.step, Direction::action, 1}.idempotency_key();
}

// The properties of a command that are names to its participant.
std::optional<UnusableMessage> check_names(const WireProperties& properties,
                                           const WireLimits& limits) {
  auto problem = wire::check_name("app_id", properties.app_id, limits);
  if (!problem) problem = wire::check_name("message_id", properties.message_id, limits);
  if (!problem) problem = wire::check_name("type", properties.type, limits);
  if (!problem) problem = wire::check_name("reply_to", properties.reply_to, limits);
  return problem;
}

UnusableMessage bad_headers(std::string detail) { return {"BAD_HEADERS", std::move(detail)}; }

}  // namespace

std::optional<WireMessage> encode_command(const Command& command, const std::string& engine,
                                          const std::string& reply_to, Time now,
                                          const WireLimits& limits, std::string& why_not) {
  WireMessage message;
  WireProperties& properties = message.properties;
  properties.content_type = wire::json_type;
  properties.app_id = std::string(wire::app_prefix) + engine;
  properties.correlation_id = command.id.idempotency_key();
  properties.message_id = command.id.to_string();
  properties.type = command.action;
  properties.reply_to = reply_to;
  properties.timestamp =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();

  WireHeaders& headers = message.headers;
  headers.reserve(command_headers);
  headers["skald_protocol"] = std::string(wire::protocol_version);
  headers["skald_saga_id"] = command.id.saga.to_string();
  headers["skald_saga_type"] = command.saga_type;
  headers["skald_saga_version"] = std::int64_t{command.saga_version};
  headers["skald_step"] = command.id.step;
  headers["skald_direction"] = std::string(to_string(command.id.direction));
  headers["skald_attempt"] = std::int64_t{command.id.attempt};
  headers["skald_round"] = std::int64_t{command.round};
  headers["skald_idempotency_key"] = properties.correlation_id;
  headers["skald_deadline"] = format_time(now + command.timeout);
  if (command.key) headers["skald_key"] = *command.key;
  if (command.id.direction == Direction::resolve) {
    headers["skald_resolves"] = action_key(command.id);
  }

  message.body = command.body.text();
  message.body_bytes = message.body.size();
  auto problem = check_names(properties, limits);
  if (!problem) problem = wire::check_name("participant", command.participant, limits);
  if (!problem) problem = wire::check_headers(message, limits);
  if (problem) {
    why_not = problem->detail;
    return std::nullopt;
  }
  if (message.body.size() > limits.body_bytes) {
    why_not = fmt::format("the body has {} bytes, the limit is {}", message.body.size(),
                          limits.body_bytes);
    return std::nullopt;
  }
  return message;
}

DecodedCommand decode_command(const WireMessage& message, const std::string& participant,
                              const WireLimits& limits) {
  using namespace wire;
  if (auto problem = check_headers(message, limits)) return *problem;
  if (auto problem = check_names(message.properties, limits)) return *problem;
  const auto id = CommandId::parse(message.properties.message_id);
  if (!id) return bad_headers("message_id is not the id of a command");
  if (auto problem = check_against(message, *id)) return *problem;
  // Echoed in the reply, by which the engine knows it.
  if (message.properties.correlation_id.empty()) return bad_headers("correlation_id is missing");
  if (message.properties.type.empty()) return bad_headers("type names no action");
  const auto round = message.headers.contains("skald_round") ? int_header(message, "skald_round")
                                                             : std::int64_t{1};
  if (!round || *round < 1 || *round > UINT32_MAX) {
    return bad_headers("skald_round is not a number from 1");
  }
  UnusableMessage problem;
  auto body = checked_object(message, limits, deepest_payload, problem);
  if (!body) return problem;

  ReceivedCommand received;
  Command& command = received.command;
  command.id = *id;
  command.attempt = {no_step, id->direction, id->attempt};
  command.saga_type = text_header(message, "skald_saga_type").value_or("");
  const auto version = int_header(message, "skald_saga_version").value_or(0);
  command.saga_version =
      version < 0 || version > UINT32_MAX ? 0 : static_cast<std::uint32_t>(version);
  command.participant = participant;
  command.action = message.properties.type;
  command.round = static_cast<std::uint32_t>(*round);
  if (const auto key = text_header(message, "skald_key")) command.key = std::string(*key);
  command.body = *std::move(body);
  received.idempotency_key = id->idempotency_key();
  if (id->direction == Direction::resolve) received.resolves = action_key(*id);
  received.reply_to = message.properties.reply_to;
  received.deadline = parse_time(text_header(message, "skald_deadline").value_or(""));
  received.traceparent = text_header(message, "traceparent").value_or("");
  received.tracestate = text_header(message, "tracestate").value_or("");
  return received;
}

}  // namespace skald
