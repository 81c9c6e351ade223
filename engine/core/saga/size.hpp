// How much a saga holds.
#pragma once

#include <cstddef>
#include <vector>

#include "skald/events.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Bytes of all payloads of the saga: input, outputs, patches, kept signals, data of errors.
[[nodiscard]] std::size_t payload_bytes(const Saga& saga);
/// Bytes of the payloads that these events carry.
[[nodiscard]] std::size_t payload_bytes(const std::vector<Event>& events);

}  // namespace skald
