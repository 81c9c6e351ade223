// Sockets that another thread can cut off, and the errors of a connection.
#pragma once

#include <sys/time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "skald/error.hpp"

namespace skald {

/// The connection is gone, or could not be made just now: trying again may help. A plain
/// ChannelError from a connection means that it will not help (refused login, other arguments).
class ConnectionLost : public ChannelError {
 public:
  using ChannelError::ChannelError;
};

/// Lets other threads cut a connection off while its own thread is blocked in it. Outlives the
/// connections that it guards, one after the other. Thread-safe.
class SocketGuard {
 public:
  /// Shuts the socket down, if there is one: calls that are blocked in it fail.
  void cut();
  /// cut(), now and for every connection to come: for shutting down.
  void close_for_good();
  /// cut() when the guarded thread has been inside one call for longer than `limit`; true then.
  bool cut_if_blocked(std::chrono::milliseconds limit);

  /// The thread that owns the socket tells when there is one, and before it closes it.
  void watch(int socket);
  void forget();

 private:
  friend class GuardedCall;
  std::mutex mutex_;
  int socket_ = -1;
  bool closed_for_good_ = false;
  std::atomic<std::int64_t> busy_since_ms_{0};  // 0: not inside a call that can block
};

/// Marks, for its lifetime, that the thread is inside a call that may block.
class GuardedCall {
 public:
  explicit GuardedCall(SocketGuard& guard);
  ~GuardedCall();
  GuardedCall(const GuardedCall&) = delete;
  GuardedCall& operator=(const GuardedCall&) = delete;

 private:
  SocketGuard& guard_;
};

/// Connects to the first address of `host` that answers, under `guard`, which watches the socket
/// from then on. The socket does not block. \throws ConnectionLost
[[nodiscard]] int connect_socket(const std::string& host, std::uint16_t port,
                                 std::chrono::milliseconds timeout, SocketGuard& guard);

/// Makes the kernel give up on a peer that takes no data for this long, small messages go at once.
void tune_socket(int socket, std::chrono::milliseconds unanswered_limit);

/// Makes the kernel keep small writes back for its lifetime, until there is enough for a full
/// packet; at its end everything goes at once. Borrows the socket.
class HeldWrites {
 public:
  explicit HeldWrites(int socket);
  ~HeldWrites();
  HeldWrites(const HeldWrites&) = delete;
  HeldWrites& operator=(const HeldWrites&) = delete;

 private:
  int socket_;
};

[[nodiscard]] timeval to_timeval(std::chrono::milliseconds duration);

}  // namespace skald
