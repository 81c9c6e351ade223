// How events are stored: versioned, compact binary.
//
// A journal row's body is a format byte, the number of events, and per event its tag, the length of
// its fields and the fields, then a checksum that also covers whose row it is. The rules for
// changing it are in docs/storage.md; golden bytes in tests/storage hold the format still.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "skald/events.hpp"

namespace skald {

/// Replaces `out` by the stored form of one journal row. Allocates nothing once `out` has grown.
void encode_body(const SagaId& saga, std::uint64_t version, Time at,
                 const std::vector<Event>& events, std::string& out);

/// The events of one journal row. \throws StoreError: `corrupt` when the bytes are not what
/// encode_body() made for this saga, version and time; `newer` when they hold an event that this
/// version of Skald does not know.
[[nodiscard]] std::vector<Event> decode_body(const SagaId& saga, std::uint64_t version, Time at,
                                             std::string_view body);

/// Appends events without the checksum.
void encode_events(const std::vector<Event>& events, std::string& out);
/// Reads what encode_events() wrote. Whatever the bytes are, it answers or throws StoreError.
[[nodiscard]] std::vector<Event> decode_events(std::string_view bytes);

}  // namespace skald
