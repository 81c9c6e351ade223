// A TCP proxy on the loopback that can be told to misbehave.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "wake_signal.hpp"

namespace skald::test {

/// Passes bytes between its own port and a port of 127.0.0.1. Thread-safe.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Resets every connection that is open now; returns once that is done.
  void cut();
  /// While held, connections stay open and no byte passes: a peer that hangs.
  void hold(bool on);
  /// While refusing, new connections are closed at once.
  void refuse(bool on) { refusing_ = on; }
  /// Connections accepted so far.
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
  };

  void run(const std::stop_token& stop);
  void accept_one();
  void close_all();

  const std::uint16_t target_port_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  WakeSignal wake_;
  std::atomic<bool> cutting_{false};
  std::atomic<bool> holding_{false};
  std::atomic<bool> refusing_{false};
  std::atomic<int> accepted_{0};
  std::vector<Pair> pairs_;  // the proxy's thread only
  std::jthread thread_;
};

}  // namespace skald::test
