#include "output/text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "skald/hidden_characters.hpp"
#include "skald/text.hpp"

namespace skald::cli {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
};

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Nothing when no valid code point begins here.
std::optional<CodePoint> decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = sequence_length(byte(0));
  if (length == 0 || length > text.size()) return std::nullopt;
  if (length == 1) return CodePoint{byte(0), 1};
  std::uint32_t value = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest[length] || value > 0x10FFFF || surrogate) return std::nullopt;
  return CodePoint{value, length};
}

std::string escaped(std::uint32_t c) {
  switch (c) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return c < 0x100 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{:04x}", c);
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = decode(text);
    if (!c) {
      out += replacement;
      text.remove_prefix(1);
      continue;
    }
    if (is_hidden_character(c->value)) {
      out += escaped(c->value);
    } else {
      out += text.substr(0, c->length);
    }
    text.remove_prefix(c->length);
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1U : 0U;
  return count;
}

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  if (width == 0) return {};
  std::size_t end = 0;
  for (std::size_t taken = 0; end < text.size(); ++taken) {
    if (taken + 1 == width) break;
    end += std::max<std::size_t>(1, sequence_length(static_cast<unsigned char>(text[end])));
  }
  return text.substr(0, end) + "…";
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::size_t taken = columns(text);
  if (taken >= width) return text;
  const std::string blanks(width - taken, ' ');
  return right ? blanks + text : text + blanks;
}

std::string json_text(const Json& value, int indent) {
  const auto text = dump_json(value, indent);
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const auto c = decode(rest).value_or(CodePoint{0xFFFD, 1});
    // The line feeds are the indentation's: dump() has escaped those inside strings.
    if (is_hidden_character(c.value) && c.value != '\n') {
      out += fmt::format("\\u{:04x}", c.value);
    } else {
      out += rest.substr(0, c.length);
    }
    rest.remove_prefix(c.length);
  }
  return out;
}

std::string relative_time(Time time, Time now) {
  // Tenths of a second help nobody once a minute has passed.
  const auto rounded = [](Duration d) {
    return d < std::chrono::minutes(1) ? d : std::chrono::floor<std::chrono::seconds>(d);
  };
  if (time < now) return describe_duration(rounded(now - time)) + " ago";
  if (time > now) return "in " + describe_duration(rounded(time - now));
  return "now";
}

}  // namespace skald::cli
