// How large and how deep the data of sagas may be, in one place for engine, channels and kit.
//
// A payload is what a caller or a participant gives: an input, an output, the data of an error. A
// body is what travels: a command carries an input, an output and a reason, so its limits leave
// room for three payloads and for what is written around them.
#pragma once

#include <cstddef>

#include "skald/json.hpp"

namespace skald {

/// Longest text of one payload, in bytes.
inline constexpr std::size_t payload_bytes_max = 1024UL * 1024;
/// Deepest nesting of arrays and objects in one payload.
inline constexpr std::size_t payload_depth_max = 64;

/// Longest body of a command or reply, in bytes: three payloads and what names them.
inline constexpr std::size_t body_bytes_max = 3 * payload_bytes_max + 64UL * 1024;
/// Deepest nesting in a body: a payload lies up to three levels inside (`reason.error.data`).
inline constexpr std::size_t body_depth_max = payload_depth_max + 4;

/// For reading one payload.
inline constexpr JsonLimits payload_limits{payload_depth_max, payload_bytes_max};
/// For reading the body of a command or reply.
inline constexpr JsonLimits body_limits{body_depth_max, body_bytes_max};

}  // namespace skald
