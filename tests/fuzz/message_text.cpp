#include "message_text.hpp"

#include <charconv>
#include <string>

namespace skald::fuzz {
namespace {

HeaderValue value_from(std::string_view text) {
  const char kind = text.empty() ? ' ' : text.front();
  if (kind == '#') {
    std::int64_t number = 0;
    std::from_chars(text.data() + 1, text.data() + text.size(), number);
    return number;
  }
  if (kind == '?') return text.size() % 2 == 0;
  if (kind == '%') return static_cast<double>(text.size()) / 3;
  if (kind == '~') return std::monostate{};
  return std::string(text);
}

void set_property(WireProperties& properties, std::string_view name, std::string_view value) {
  const std::string text(value);
  if (name == "content_type") properties.content_type = text;
  if (name == "app_id") properties.app_id = text;
  if (name == "message_id") properties.message_id = text;
  if (name == "correlation_id") properties.correlation_id = text;
  if (name == "type") properties.type = text;
  if (name == "reply_to") properties.reply_to = text;
}

}  // namespace

WireMessage message_from(std::string_view text) {
  WireMessage message;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) break;
    const auto colon = line.find(": ");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 2);
    if (name.starts_with('.')) {
      set_property(message.properties, name.substr(1), value);
    } else {
      message.headers[std::string(name)] = value_from(value);
    }
  }
  message.body = text;
  message.body_bytes = text.size();
  return message;
}

}  // namespace skald::fuzz
