#include "skald/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "skald/hidden_characters.hpp"
#include "support/utf8.hpp"

namespace skald {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

// Of a well-formed character.
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  switch (character.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
    case 3: return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    default:
      return (byte(0) & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U |
             (byte(3) & 0x3FU);
  }
}

void append_escaped(std::string& out, std::uint32_t c) {
  switch (c) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (c < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::optional<std::string> name_problem(std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return "is empty";
  if (text.size() > bytes_max) {
    return fmt::format("is {} bytes long; at most {} are allowed", text.size(), bytes_max);
  }
  if (!is_utf8(text)) return "is not valid UTF-8";
  if (text.find('\0') != std::string_view::npos) return "holds a NUL character";
  return std::nullopt;
}

std::string clean_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max && is_utf8(text)) return std::string(text);
  std::string out;
  std::size_t fits = 0;  // Length of `out` up to which an ellipsis still fits behind it.
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    out += length == 0 ? replacement : text.substr(i, length);
    if (out.size() > bytes_max) {
      out.resize(fits);
      out += ellipsis;
      return out;
    }
    if (out.size() + ellipsis.size() <= bytes_max) fits = out.size();
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      append_escaped(out, static_cast<unsigned char>(text[i]));
    } else if (const auto c = code_point(text.substr(i, length)); is_hidden_character(c)) {
      append_escaped(out, c);
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace skald
