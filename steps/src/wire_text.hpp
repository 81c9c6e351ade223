// Names of the wire format and small readers of messages, shared by commands and replies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "skald/wire.hpp"

namespace skald::wire {

inline constexpr std::string_view protocol_version = "1";
inline constexpr std::string_view json_type = "application/json";
inline constexpr std::string_view app_prefix = "skald/";
/// On a dead command that was forwarded: why the broker took it out of its queue.
inline constexpr std::string_view dead_reason_header = "skald_dead_reason";
inline constexpr std::string_view outcome_header = "skald_outcome";
inline constexpr std::string_view command_id_header = "skald_command_id";

/// Text of a header, or nothing when it is absent or of another kind.
[[nodiscard]] std::optional<std::string_view> text_header(const WireMessage& message,
                                                          std::string_view name);
[[nodiscard]] std::optional<std::int64_t> int_header(const WireMessage& message,
                                                     std::string_view name);

/// The body, if it is a JSON object within the limits; otherwise nothing, and `problem` says why.
/// `payload_level` is how deep the deepest payload lies inside it.
[[nodiscard]] std::optional<JsonText> checked_object(const WireMessage& message,
                                                     const WireLimits& limits,
                                                     std::size_t payload_level,
                                                     UnusableMessage& problem);

/// The value of `name` in an object that has no other member and is written without white space;
/// otherwise nothing, although it may be there. Borrows from `object`.
[[nodiscard]] std::optional<std::string_view> only_member(const JsonText& object,
                                                          std::string_view name);

/// Checks that `text`, where it is not empty, can be a name: within the limits, valid UTF-8 without
/// NUL. `where` says in the problem which text it is.
[[nodiscard]] std::optional<UnusableMessage> check_name(std::string_view where,
                                                        std::string_view text,
                                                        const WireLimits& limits);

/// Checks what is the same for commands and replies: no header left out, `correlation_id` and the
/// texts of `skald_` headers can be names, and a protocol version that is known. A message without
/// a version counts as of version 1.
[[nodiscard]] std::optional<UnusableMessage> check_headers(const WireMessage& message,
                                                           const WireLimits& limits);

/// True for the headers that name the command a reply answers; they always fit into a frame.
[[nodiscard]] bool names_command(std::string_view header);

/// Checks that each of the headers that repeat a part of `id`, where present, agrees with it.
[[nodiscard]] std::optional<UnusableMessage> check_against(const WireMessage& message,
                                                           const CommandId& id);

}  // namespace skald::wire
