// Frames of the control socket: four bytes of length, big end first, then a JSON text.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace skald {

inline constexpr std::size_t frame_bytes_max = 4UL * 1024 * 1024;

using Deadline = std::chrono::steady_clock::time_point;

/// A peer that sends a frame beyond frame_bytes_max, or is not done by the deadline, or went away
/// in the middle, makes these throw StoreError (failed). The sockets are non-blocking ones.

/// Nothing when the peer has closed the connection between two frames.
[[nodiscard]] std::optional<std::string> read_frame(int socket, Deadline deadline);
void write_frame(int socket, std::string_view text, Deadline deadline);
/// False when nothing arrived by the deadline. True also when the peer has gone.
[[nodiscard]] bool wait_readable(int socket, Deadline deadline);
/// The user at the other end of a Unix socket.
[[nodiscard]] unsigned peer_uid(int socket);

}  // namespace skald
