// How snapshots of sagas are stored: versioned, compact binary, like the events they are made of.
//
// A format byte, the fields of the saga, and a checksum that also covers whose snapshot it is. A
// snapshot is only a short cut to what the journal says, so a format that is not known, or bytes
// that are damaged, stand for no snapshot. The rules for changing it are in docs/storage.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "skald/store.hpp"

namespace skald {

/// Replaces `out` by the stored form.
void encode_snapshot(const SagaSnapshot& snapshot, std::string& out);

/// The snapshot of this saga at this version. Nothing when the bytes are not what this version of
/// Skald makes of one: whatever they are, it throws nothing for them.
[[nodiscard]] std::optional<SagaSnapshot> decode_snapshot(const SagaId& saga, std::uint64_t version,
                                                          std::string_view bytes);

}  // namespace skald
