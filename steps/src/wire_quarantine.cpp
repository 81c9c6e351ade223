// Messages in quarantine, read again.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "skald/wire.hpp"
#include "wire_text.hpp"

namespace skald {

namespace {

std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

HeaderValue header_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_number()) return value.get<std::int64_t>();
  return std::monostate{};
}

std::optional<WireMessage> rebuild(const QuarantinedMessage& kept) {
  const Json metadata = Json::parse(kept.headers, nullptr, false);
  if (!metadata.is_object()) return std::nullopt;
  WireMessage message;
  message.properties.content_type = text_at(metadata, "content_type");
  message.properties.app_id = text_at(metadata, "app_id");
  message.properties.message_id = text_at(metadata, "message_id");
  message.properties.correlation_id = text_at(metadata, "correlation_id");
  message.properties.type = text_at(metadata, "type");
  message.properties.reply_to = text_at(metadata, "reply_to");
  if (const auto headers = metadata.find("headers");
      headers != metadata.end() && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) message.headers[name] = header_value(value);
  }
  message.body = kept.body;
  message.body_bytes = kept.body.size();
  return message;
}

// What the engine makes of a message that is not too large and whose metadata are known.
DecodedReply read(const WireMessage& message, const std::string& engine, const WireLimits& limits) {
  const bool dead = wire::text_header(message, "x-first-death-reason").has_value();
  if (!dead) return decode_reply(message, limits);
  const std::string_view sender = sending_engine(message);
  if (sender == engine) return decode_dead_command(message, limits);
  if (sender.empty()) return UnusableMessage{"BAD_HEADERS", "no engine of Skald sent this command"};
  return UnusableMessage{
      "UNKNOWN_ENGINE",
      fmt::format(
          "it is a command of engine '{}' that nobody took; that engine's attempt times out "
          "and is made again, so drop it",
          sender)};
}

}  // namespace

Reconsidered reconsider_message(const QuarantinedMessage& kept, const std::string& engine,
                                const WireLimits& limits) {
  if (kept.reason == "TOO_LARGE") {
    return Unusable{kept.reason, "its body was cut at the limit when it was kept; drop it"};
  }
  const auto message = rebuild(kept);
  if (!message) return Unusable{kept.reason, "its metadata were not kept whole; drop it"};
  DecodedReply decoded = read(*message, engine, limits);
  if (auto* reply = std::get_if<Reply>(&decoded)) return std::move(*reply);
  if (const auto* lost = std::get_if<LostCommand>(&decoded)) {
    return Unusable{"LOST_COMMAND",
                    fmt::format("it is a command that died in its queue ({}); whether it had its "
                                "effect only its participant knows, so its attempt times out and "
                                "is made again; drop it",
                                lost->reason)};
  }
  auto& problem = std::get<UnusableMessage>(decoded);
  return Unusable{std::move(problem.reason), std::move(problem.detail)};
}

}  // namespace skald
