#include "wire_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

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
                                       std::size_t payload_level, UnusableMessage& problem) {
  const std::uint64_t bytes = std::max<std::uint64_t>(message.body.size(), message.body_bytes);
  if (bytes > limits.body_bytes) {
    problem = {"TOO_LARGE",
               fmt::format("the body has {} bytes, the limit is {}", bytes, limits.body_bytes)};
    return std::nullopt;
  }
  try {
    const std::size_t depth = std::min(limits.depth, payload_depth_max + payload_level);
    JsonText body = JsonText::parse(message.body, {depth, limits.body_bytes});
    if (body.text().front() == '{') return body;
    problem = {"BAD_JSON", "the body is not a JSON object"};
  } catch (const JsonError& error) {
    problem = {"BAD_JSON", fmt::format("the body cannot be read: {}", clean_text(error.what()))};
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

std::optional<UnusableMessage> check_name(std::string_view where, std::string_view text,
                                          const WireLimits& limits) {
  if (text.empty()) return std::nullopt;
  const auto problem = name_problem(text, limits.header_bytes);
  if (!problem) return std::nullopt;
  return UnusableMessage{"BAD_HEADERS", fmt::format("{} {}", where, *problem)};
}

std::optional<UnusableMessage> check_headers(const WireMessage& message, const WireLimits& limits) {
  if (message.headers_left_out > 0) {
    const std::size_t count = message.headers.size() + message.headers_left_out;
    return UnusableMessage{
        "TOO_LARGE",
        fmt::format("it has {} headers, of which {} were read; at most {} headers of "
                    "{} bytes together are",
                    count, message.headers.size(), header_count_max, header_table_bytes_max)};
  }
  if (auto problem = check_name("correlation_id", message.properties.correlation_id, limits)) {
    return problem;
  }
  for (const auto& [name, value] : message.headers) {
    if (!name.starts_with("skald_")) continue;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) continue;
    const std::string where = "header " + escape_controls(name);
    if (auto problem = check_name(where, *text, limits)) return problem;
  }
  if (!message.headers.contains("skald_protocol")) return std::nullopt;
  if (text_header(message, "skald_protocol") == protocol_version) return std::nullopt;
  return UnusableMessage{"UNSUPPORTED_PROTOCOL",
                         fmt::format("header skald_protocol is not \"{}\"", protocol_version)};
}

bool names_command(std::string_view header) {
  constexpr std::array<std::string_view, 8> names{
      "skald_protocol", "skald_saga_id",         "skald_step",    "skald_direction",
      "skald_attempt",  "skald_idempotency_key", "skald_outcome", "skald_command_id"};
  return std::find(names.begin(), names.end(), header) != names.end();
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

std::string_view sending_engine(const WireMessage& message) {
  std::string_view app = message.properties.app_id;
  if (!app.starts_with(wire::app_prefix)) return {};
  return app.substr(wire::app_prefix.size());
}

}  // namespace skald
