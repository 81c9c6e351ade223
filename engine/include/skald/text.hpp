// Text from outside: what may be a name, and how any bytes are shown to people.
//
// Whatever comes from a caller, a participant, a broker or a file may hold any bytes. A name (a
// key, a signal, a lock, an operator) is checked where it enters and refused; free text (reasons,
// error messages) is cleaned there, so that everything behind the entries holds valid UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "skald/json.hpp"

namespace skald {

/// Longest name in bytes: a key, a signal, a lock, an operator, an error code, a step on the wire.
inline constexpr std::size_t name_bytes_max = 255;
/// Longest free text in bytes that is kept: a reason, an error message.
inline constexpr std::size_t free_text_bytes_max = 4096;

/// True for well-formed UTF-8 (RFC 3629). The empty text is.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Why `text` cannot be a name, as the end of the sentence "the key …": it is empty, longer than
/// `bytes_max`, no valid UTF-8, or holds a NUL. Nothing when it can.
[[nodiscard]] std::optional<std::string> name_problem(std::string_view text,
                                                      std::size_t bytes_max = name_bytes_max);

/// `text` as valid UTF-8 of at most `bytes_max` bytes: each invalid byte becomes U+FFFD; a text
/// that is too long is cut between two characters and ends with "…". `bytes_max` is at least 3.
[[nodiscard]] std::string clean_text(std::string_view text,
                                     std::size_t bytes_max = free_text_bytes_max);

/// `text` for one line of a log or a terminal: control characters, invalid bytes and characters
/// that change the direction of text are written as `\n`, `\x1b`, `\u202e`; everything else is as
/// it was.
[[nodiscard]] std::string escape_controls(std::string_view text);

/// The text of a tree. Invalid UTF-8 in its strings becomes U+FFFD; never throws for what it holds.
/// `indent` below 0: compact. For trees within a depth limit, since it recurses.
[[nodiscard]] std::string dump_json(const Json& value, int indent = -1);

}  // namespace skald
