// Durations and times as people write them on a command line: more forms than definitions take.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "skald/time.hpp"

namespace skald::cli {

/// `90s`, `1h30m`, `1w`, `2d12h`: whole numbers with units, the larger one first, each at most
/// once. Nothing on any other text and beyond 100 years.
[[nodiscard]] std::optional<Duration> parse_span(std::string_view text);
/// RFC 3339, or a date such as `2026-11-01`, which means its first moment in UTC.
[[nodiscard]] std::optional<Time> parse_point(std::string_view text);

/// A duration. \throws Refused (invalid), naming the option.
[[nodiscard]] Duration span_option(const char* option, const std::string& text);
/// A time. \throws Refused (invalid), naming the option.
[[nodiscard]] Time point_option(const char* option, const std::string& text);
/// A duration before `now`, or a time. \throws Refused (invalid), naming the option.
[[nodiscard]] Time parse_moment(const char* option, const std::string& text, Time now);

}  // namespace skald::cli
