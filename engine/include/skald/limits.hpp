// Limits on what one saga may hold, each with a name. docs/semantics.md lists them for users.
//
// A limit holds where something is accepted. What can only be met later (a template that grows, an
// output too many) makes that one saga stuck, with the size and the limit in its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skald {

/// One payload: an input, an output, a patch, data of a signal. Bytes of its JSON text.
inline constexpr std::size_t payload_bytes_max = 1024UL * 1024;
/// Nested arrays and objects of a payload.
inline constexpr std::size_t payload_depth_max = 64;
/// All payloads of one saga together: input, outputs, kept signals, patches, error data.
inline constexpr std::size_t saga_bytes_max = 8 * payload_bytes_max;
/// `data` of an error; what is longer is left out, and the message says so.
inline constexpr std::size_t error_data_bytes_max = 64UL * 1024;

/// The body of a message: input, output and reason, and room for what stands around them.
inline constexpr std::size_t body_bytes_max = 3 * payload_bytes_max + 64UL * 1024;
inline constexpr std::size_t body_depth_max = payload_depth_max + 4;

/// Error codes in a `retry_on` or `abort_on`.
inline constexpr std::size_t error_codes_max = 64;
/// Sagas of one family: a root, its children, and theirs, of all rounds.
inline constexpr std::size_t family_sagas_max = 4096;
/// Rows of one saga's journal; beyond, no new attempt is issued.
inline constexpr std::uint64_t journal_rows_max = 1'000'000;

}  // namespace skald
