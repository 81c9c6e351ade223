#include "wire_text.hpp"

#include <fmt/format.h>

#include "skald/text.hpp"

namespace skald {

namespace wire {

std::optional<std::string_view> text_header(const WireMessage& message, std::string_view name) {
  const auto found = message.headers.find(name);
  if (found == message.headers.end()) return std::nullopt;
  const auto* text = std::get_if<std::string>(&found->second);
  if (text == nullptr) return std::nullopt;
  return *text;
}

std::optional<std::int64_t> int_header(const WireMessage& message, std::string_view name) {
  const auto found = message.headers.find(name);
  if (found == message.headers.end()) return std::nullopt;
  const auto* number = std::get_if<std::int64_t>(&found->second);
  if (number == nullptr) return std::nullopt;
  return *number;
}

std::optional<JsonText> checked_object(const WireMessage& message, const WireLimits& limits,
                                       UnusableMessage& problem) {
  const std::uint64_t bytes = std::max<std::uint64_t>(message.body.size(), message.body_bytes);
  if (bytes > limits.body_bytes) {
    problem = {"TOO_LARGE",
               fmt::format("the body has {} bytes, the limit is {}", bytes, limits.body_bytes)};
    return std::nullopt;
  }
  try {
    JsonText body = JsonText::parse(message.body, {limits.depth, limits.body_bytes});
    if (body.text().front() == '{') return body;
    problem = {"BAD_JSON", "the body is not a JSON object"};
  } catch (const JsonError& error) {
    problem = {"BAD_JSON", fmt::format("the body cannot be read: {}", error.what())};
  }
  return std::nullopt;
}

std::optional<std::string_view> only_member(const JsonText& object, std::string_view name) {
  std::string_view text = object.text();
  if (!text.starts_with("{\"")) return std::nullopt;
  text.remove_prefix(2);
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with("\":")) return std::nullopt;
  text.remove_prefix(2);
  text.remove_suffix(1);
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if ((c == ',' && depth == 0) || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      return std::nullopt;
    }
  }
  return text;
}

std::optional<UnusableMessage> check_headers(const WireMessage& message, const WireLimits& limits) {
  for (const auto& [name, value] : message.headers) {
    if (!name.starts_with("skald_")) continue;
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->size() > limits.header_bytes) {
      return UnusableMessage{"BAD_HEADERS", fmt::format("header {} has {} bytes, the limit is {}",
                                                        name, text->size(), limits.header_bytes)};
    }
  }
  if (!message.headers.contains("skald_protocol")) return std::nullopt;
  if (text_header(message, "skald_protocol") == protocol_version) return std::nullopt;
  return UnusableMessage{"UNSUPPORTED_PROTOCOL",
                         fmt::format("header skald_protocol is not \"{}\"", protocol_version)};
}

std::optional<UnusableMessage> check_against(const WireMessage& message, const CommandId& id) {
  const std::string key = id.idempotency_key();
  const std::string_view saga = std::string_view(key).substr(0, key.find('/'));
  std::string_view wrong;
  const std::string& correlation = message.properties.correlation_id;
  if (!correlation.empty() && correlation != key) wrong = "correlation_id";
  const auto expect = [&](std::string_view name, std::string_view expected) {
    const auto found = message.headers.find(name);
    if (found == message.headers.end() || !wrong.empty()) return;
    const auto* text = std::get_if<std::string>(&found->second);
    if (text == nullptr || *text != expected) wrong = name;
  };
  expect("skald_idempotency_key", key);
  expect("skald_saga_id", saga);
  expect("skald_step", id.step);
  expect("skald_direction", to_string(id.direction));
  if (wrong.empty() && message.headers.contains("skald_attempt") &&
      int_header(message, "skald_attempt") != std::int64_t{id.attempt}) {
    wrong = "skald_attempt";
  }
  if (wrong.empty()) return std::nullopt;
  return UnusableMessage{"FORGED_KEY",
                         fmt::format("{} does not belong to command {}", wrong, id.to_string())};
}

}  // namespace wire

namespace {

// A participant may put bytes into a header that are not UTF-8; append_json_string() replaces them.
void append_member(std::string& out, std::string_view name, std::string_view json_value) {
  if (out.size() > 1) out += ',';
  append_json_string(out, name);
  out += ':';
  out += json_value;
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  std::string quoted;
  append_json_string(quoted, text);
  append_member(out, name, quoted);
}

}  // namespace

std::string_view sending_engine(const WireMessage& message) {
  std::string_view app = message.properties.app_id;
  if (!app.starts_with(wire::app_prefix)) return {};
  return app.substr(wire::app_prefix.size());
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
  for (const auto& [name, value] : message.headers) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      std::string quoted;
      append_json_string(quoted, *text);
      append_member(headers, name, quoted);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      append_member(headers, name, std::to_string(*number));
    } else if (const auto* truth = std::get_if<bool>(&value)) {
      append_member(headers, name, *truth ? "true" : "false");
    } else if (const auto* real = std::get_if<double>(&value)) {
      append_member(headers, name, dump_json(*real));
    } else {
      append_member(headers, name, "null");
    }
  }
  append_member(out, "headers", headers + "}");
  out += '}';
  return out;
}

}  // namespace skald
