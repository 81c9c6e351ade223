#include "span_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "skald/error.hpp"

namespace skald::cli {
namespace {

// From the largest to the smallest.
constexpr std::array<std::string_view, 6> unit_names{"w", "d", "h", "m", "s", "ms"};

std::optional<Duration> length_of(std::string_view number, std::string_view unit) {
  if (unit != unit_names.front()) return parse_duration(std::string(number) + std::string(unit));
  const auto days = parse_duration(std::string(number) + "d");
  if (!days || *days > duration_max / 7) return std::nullopt;
  return *days * 7;
}

[[noreturn]] void refuse(const char* option, const std::string& text, const char* expected) {
  throw Refused(Refused::Code::invalid, fmt::format("{}: '{}' is not {}", option, text, expected));
}

}  // namespace

std::optional<Duration> parse_span(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Duration sum{0};
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view number = text.substr(0, digits);
    text.remove_prefix(digits);
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    std::size_t at = next_unit;
    while (at < unit_names.size() && unit_names[at] != unit) ++at;
    if (at == unit_names.size()) return std::nullopt;
    next_unit = at + 1;
    const auto length = length_of(number, unit);
    if (!length || *length > duration_max - sum) return std::nullopt;
    sum += *length;
  }
  return sum;
}

std::optional<Time> parse_point(std::string_view text) {
  constexpr std::size_t date_length = 10;
  if (text.size() == date_length) return parse_time(std::string(text) + "T00:00:00Z");
  return parse_time(text);
}

Duration span_option(const char* option, const std::string& text) {
  if (const auto span = parse_span(text)) return *span;
  refuse(option, text, "a duration such as 500ms, 30s, 1h30m or 1w");
}

Time point_option(const char* option, const std::string& text) {
  if (const auto point = parse_point(text)) return *point;
  refuse(option, text, "a time in RFC 3339 or a date such as 2026-11-01");
}

Time parse_moment(const char* option, const std::string& text, Time now) {
  if (const auto age = parse_span(text)) return later(now, -*age);
  if (const auto point = parse_point(text)) return *point;
  refuse(option, text,
         "a duration such as 10m, 1h30m or 1w, a time in RFC 3339 or a date such as 2026-11-01");
}

}  // namespace skald::cli
