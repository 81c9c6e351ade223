// Text that may hold anything, made fit for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "skald/json.hpp"
#include "skald/time.hpp"

namespace skald::cli {

/// One line that cannot steer a terminal: control characters and direction marks become `\n`,
/// `\x1b`, `\u202e`; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns that `text` (valid UTF-8) takes, one per code point.
[[nodiscard]] std::size_t columns(std::string_view text);
/// `text` cut to at most `width` columns, the last of which is then `…`.
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);
/// `text` filled with blanks to `width` columns, on the right or (for numbers) on the left.
[[nodiscard]] std::string padded(const std::string& text, std::size_t width, bool right = false);

/// Valid JSON without raw control characters, also those that JSON allows. `indent` -1: one line.
[[nodiscard]] std::string json_text(const Json& value, int indent = -1);

/// `"3m12s ago"`, `"in 4s"`, `"now"`.
[[nodiscard]] std::string relative_time(Time time, Time now);

}  // namespace skald::cli
