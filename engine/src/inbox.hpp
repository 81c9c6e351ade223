// The bounded hand-over from many threads to the coordinator's one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "arrivals.hpp"

namespace skald {

/// Starts are bounded. Everything else is bounded by its sender: replies by what was sent, requests
/// by the callers that wait for them.
class Inbox {
 public:
  enum class Pushed : std::uint8_t { taken, full, closed };

  explicit Inbox(std::size_t starts_limit) : starts_limit_(starts_limit) {}

  /// Blocks a start while too many wait. What is not taken is left as it was.
  Pushed push(Arrival&& arrival);
  /// Does not block: a start that is one too many is `full`.
  Pushed try_push(Arrival&& arrival);
  /// Adds these starts in order, blocking while too many wait; answers how many it has taken, which
  /// is all of them unless it is closed.
  std::size_t push_starts(std::span<StartArrival> starts);
  /// Adds what a channel reports, at one go. Drops it when closed.
  void push_reports(std::span<ChannelReport> reports);
  /// Waits for arrivals, at most `patience` (absent: for ever), and takes up to `limit` of them,
  /// which stay valid until the next call. Nothing when the inbox is closed and empty. For one
  /// thread.
  [[nodiscard]] std::optional<std::span<Arrival>> take(std::size_t limit,
                                                       std::optional<Duration> patience);
  /// Takes no more; what is inside can still be taken.
  void close();
  /// Empties it, and answers what was not taken. For the thread that takes, or once that is gone.
  std::vector<Arrival> drain();
  [[nodiscard]] std::size_t size() const;
  /// How often what had gathered was taken: whatever two threads push under the same number will
  /// most likely be decided together.
  [[nodiscard]] unsigned collection() const { return collection_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool has_room() const { return closed_ || starts_ < starts_limit_; }
  void wake(std::unique_lock<std::mutex> lock);

  const std::size_t starts_limit_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable room_;
  std::vector<Arrival> waiting_;
  std::size_t starts_ = 0;
  bool closed_ = false;
  bool sleeping_ = false;
  std::atomic<unsigned> collection_{0};
  std::size_t in_hand_ = 0;  // Of those in hand, not taken yet.

  // Of the taking thread. Both vectors keep their memory and change places.
  std::vector<Arrival> hand_;
};

}  // namespace skald
