// The bounded hand-over from many threads to the coordinator's one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "arrivals.hpp"

namespace skald {

/// Starts are bounded: push() blocks while too many wait. Everything else is bounded by its sender:
/// replies by what was sent, requests by the callers that wait for them.
class Inbox {
 public:
  explicit Inbox(std::size_t starts_limit) : starts_limit_(starts_limit) {}

  /// False when the inbox is closed; the arrival is then dropped.
  bool push(Arrival arrival);
  /// Waits for arrivals, at most `patience` (absent: for ever), and takes up to `limit` of them.
  /// Nothing when the inbox is closed and empty.
  [[nodiscard]] std::optional<std::vector<Arrival>> take(std::size_t limit,
                                                         std::optional<Duration> patience);
  /// Takes no more; what is inside can still be taken.
  void close();
  /// Empties it.
  std::vector<Arrival> drain();
  [[nodiscard]] std::size_t size() const;

 private:
  const std::size_t starts_limit_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable room_;
  std::vector<Arrival> waiting_;
  std::size_t starts_ = 0;
  bool closed_ = false;
  bool sleeping_ = false;
};

}  // namespace skald
