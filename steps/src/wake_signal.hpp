// A signal between threads that poll() can wait for beside a socket.
#pragma once

#include <chrono>

namespace skald {

/// The wait of whoever is woken by what happens, and has nothing to do at a time of its own.
inline constexpr std::chrono::milliseconds no_hurry{60'000};

class WakeSignal {
 public:
  /// \throws ChannelError when the process may open no more files.
  WakeSignal();
  ~WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

  /// Any thread. Stays raised until clear().
  void raise();
  void clear();
  /// Waits until it is raised, at most `limit`; true when it is.
  bool wait(std::chrono::milliseconds limit);
  /// Readable while raised.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace skald
