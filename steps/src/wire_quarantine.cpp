// Messages in quarantine: what is kept of their metadata, and how they are read again.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "skald/text.hpp"
#include "skald/wire.hpp"
#include "wire_text.hpp"

namespace skald {

namespace {

// Longest text of one property or header that is kept.
constexpr std::size_t kept_text_bytes = 4096;

// A participant may put bytes into a header that are not UTF-8; append_json_string() replaces them.
void append_member(std::string& out, std::string_view name, std::string_view json_value) {
  if (out.size() > 1) out += ',';
  append_json_string(out, name);
  out += ':';
  out += json_value;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, clean_text(text, kept_text_bytes));
  return out;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) append_member(out, name, json_string(text));
}

std::string json_of(const HeaderValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return json_string(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* real = std::get_if<double>(&value)) return dump_json(Json(*real));
  return "null";
}

bool is_cut(const HeaderValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && text->size() > kept_text_bytes;
}

std::string text_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

HeaderValue header_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_float()) return value.get<double>();
  // Every integer that a message can have is one of 64 bits with a sign.
  if (value.is_number_integer()) return value.get<std::int64_t>();
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
  if (const auto left_out = metadata.find("headers_left_out"); left_out != metadata.end()) {
    message.headers_left_out = left_out->is_number_unsigned() ? left_out->get<std::size_t>() : 1;
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

// Of `<saga id>/<step>/<direction>`, with or without an attempt behind it.
NamedCommand named_by_id(std::string_view id) {
  const std::size_t saga_end = id.find('/');
  if (saga_end == std::string_view::npos || !SagaId::parse(id.substr(0, saga_end))) return {};
  const std::string_view rest = id.substr(saga_end + 1);
  const std::size_t step_end = rest.find('/');
  if (step_end == std::string_view::npos) return {};
  return {std::string(id.substr(0, saga_end)),
          clean_text(rest.substr(0, step_end), name_bytes_max)};
}

}  // namespace

NamedCommand named_command(const WireMessage& message) {
  NamedCommand by_id;
  const auto command_id = wire::text_header(message, wire::command_id_header).value_or("");
  const auto key = wire::text_header(message, "skald_idempotency_key").value_or("");
  for (const std::string_view id : {std::string_view(command_id), std::string_view(key),
                                    std::string_view(message.properties.correlation_id),
                                    std::string_view(message.properties.message_id)}) {
    by_id = named_by_id(id);
    if (!by_id.saga.empty()) break;
  }
  const auto saga = wire::text_header(message, "skald_saga_id");
  const auto step = wire::text_header(message, "skald_step");
  NamedCommand named;
  named.saga = saga ? clean_text(*saga, name_bytes_max) : by_id.saga;
  if (step) named.step = clean_text(*step, name_bytes_max);
  if (!step && named.saga == by_id.saga) named.step = by_id.step;
  return named;
}

std::string describe_metadata(const WireMessage& message) {
  const WireProperties& properties = message.properties;
  std::string out = "{";
  append_text(out, "content_type", properties.content_type);
  append_text(out, "app_id", properties.app_id);
  append_text(out, "message_id", properties.message_id);
  append_text(out, "correlation_id", properties.correlation_id);
  append_text(out, "type", properties.type);
  append_text(out, "reply_to", properties.reply_to);
  std::string headers = "{";
  std::size_t left_out = message.headers_left_out;
  for (const auto& [name, value] : message.headers) {
    const std::string json = json_of(value);
    const bool fits = out.size() + headers.size() + name.size() + json.size() <= metadata_bytes_max;
    // One that is cut was not kept whole either.
    if (!fits || is_cut(value)) ++left_out;
    if (fits) append_member(headers, clean_text(name, kept_text_bytes), json);
  }
  append_member(out, "headers", headers + "}");
  if (left_out > 0) append_member(out, "headers_left_out", std::to_string(left_out));
  out += '}';
  return out;
}

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
