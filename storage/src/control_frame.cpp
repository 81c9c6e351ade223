#include "control_frame.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "files.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

constexpr std::size_t bytes_at_once = 65'536;

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void throw_broken(const std::string& what) {
  throw StoreError(StoreError::Kind::failed, "the control connection broke: " + what);
}

bool wait_for(int socket, short event, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd polled{socket, event, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(std::clamp<long>(left, 0, 1'000'000)));
    if (ready > 0) return true;
    if (ready == 0 && left <= 1'000'000) return false;
    if (ready < 0 && errno != EINTR) throw_system_error(errno, "wait for the control socket");
  }
}

/// Reads until `size` bytes are there; fewer only when the peer closed the connection.
std::size_t read_bytes(int socket, char* to, std::size_t size, Deadline deadline) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t part = ::recv(socket, to + got, size - got, MSG_DONTWAIT);
    if (part == 0) break;
    if (part > 0) {
      got += static_cast<std::size_t>(part);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket, POLLIN, deadline)) throw_broken("no answer in time");
    } else if (errno != EINTR) {
      throw_system_error(errno, "read from the control socket");
    }
  }
  return got;
}

void write_bytes(int socket, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t part = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (part >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(part));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket, POLLOUT, deadline)) throw_broken("the other side does not read");
    } else if (errno != EINTR) {
      throw_system_error(errno, "write to the control socket");
    }
  }
}

void require_size(std::size_t size) {
  if (size <= frame_bytes_max) return;
  throw StoreError(
      StoreError::Kind::failed,
      fmt::format("a control message of {} bytes is over the limit of {}", size, frame_bytes_max));
}

}  // namespace

std::optional<std::string> read_frame(int socket, Deadline deadline) {
  std::array<char, 4> prefix{};
  const std::size_t got = read_bytes(socket, prefix.data(), prefix.size(), deadline);
  if (got == 0) return std::nullopt;
  if (got < prefix.size()) throw_broken("it ended inside a message");
  std::uint32_t size = 0;
  for (const char part : prefix) size = size << 8 | static_cast<std::uint8_t>(part);
  require_size(size);
  // Memory is taken as bytes arrive: a length alone costs nothing.
  std::string text;
  while (text.size() < size) {
    const std::size_t before = text.size();
    const std::size_t piece = std::min<std::size_t>(size - before, bytes_at_once);
    text.resize(before + piece);
    if (read_bytes(socket, text.data() + before, piece, deadline) < piece) {
      throw_broken("it ended inside a message");
    }
  }
  return text;
}

void write_frame(int socket, std::string_view text, Deadline deadline) {
  require_size(text.size());
  std::array<char, 4> prefix{};
  for (unsigned i = 0; i < 4; ++i) prefix[i] = static_cast<char>(text.size() >> (24 - 8 * i));
  write_bytes(socket, {prefix.data(), prefix.size()}, deadline);
  write_bytes(socket, text, deadline);
}

bool wait_readable(int socket, Deadline deadline) { return wait_for(socket, POLLIN, deadline); }

unsigned peer_uid(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    throw_system_error(errno, "learn who is at the control socket");
  }
  return peer.uid;
}

}  // namespace skald
