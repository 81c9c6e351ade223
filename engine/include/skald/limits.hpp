// Limits on what one saga may hold, each with a name; the same for engine, channels and participant
// kit. docs/semantics.md lists them for users.
//
// A payload is what a caller or a participant gives: an input, an output, the data of a signal. A
// body is what travels: a command carries an input, an output and a reason, so its limits leave
// room for three payloads and for what is written around them.
//
// A limit holds where something is accepted. What can only be met later (a template that grows, an
// output too many) makes that one saga stuck, with the size and the limit in its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "skald/json.hpp"

namespace skald {

/// Longest text of one payload, in bytes.
inline constexpr std::size_t payload_bytes_max = 1024UL * 1024;
/// Deepest nesting of arrays and objects in one payload.
inline constexpr std::size_t payload_depth_max = 64;
/// All payloads of one saga together: input, outputs, kept signals, patches, error data.
inline constexpr std::size_t saga_bytes_max = 8 * payload_bytes_max;
/// `data` of an error; what is longer is left out, and the message says so.
inline constexpr std::size_t error_data_bytes_max = 64UL * 1024;

/// Longest body of a command or reply, in bytes: three payloads and what names them.
inline constexpr std::size_t body_bytes_max = 3 * payload_bytes_max + 64UL * 1024;
/// Deepest nesting in a body: a payload lies up to three levels inside (`reason.error.data`).
inline constexpr std::size_t body_depth_max = payload_depth_max + 4;

/// For reading one payload.
inline constexpr JsonLimits payload_limits{payload_depth_max, payload_bytes_max};
/// For reading the body of a command or reply.
inline constexpr JsonLimits body_limits{body_depth_max, body_bytes_max};

/// Error codes in a `retry_on` or `abort_on`.
inline constexpr std::size_t error_codes_max = 64;
/// Sagas of one family: a root, its children, and theirs, of all rounds.
inline constexpr std::size_t family_sagas_max = 4096;
/// Rows of one saga's journal; beyond, no new attempt is issued.
inline constexpr std::uint64_t journal_rows_max = 1'000'000;
/// How often the engine's process may end while it carries out a step's attempts itself, in one
/// round; then the attempt counts as unanswered, and no other follows.
inline constexpr std::uint8_t interruptions_max = 5;
/// Ids of signals that a saga remembers, the latest ones.
inline constexpr std::size_t signal_ids_max = 256;
/// Unusable messages that one saga's journal tells of.
inline constexpr std::uint32_t unusable_noted_max = 100;

}  // namespace skald
