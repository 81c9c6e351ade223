// The bounded hand-over from many threads to the coordinator's one.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "coordinator/arrivals.hpp"

namespace skald {

/// Starts are bounded. Everything else is bounded by its sender: replies by what was sent, requests
/// by the callers that wait for them.
class Inbox {
 public:
  enum class Pushed : std::uint8_t { taken, full, closed };

  /// `bytes_limit`: of the inputs of all starts together; one start always has room.
  explicit Inbox(std::size_t starts_limit, std::size_t bytes_limit = 256UL * 1024 * 1024)
      : starts_limit_(starts_limit), bytes_limit_(bytes_limit) {}

  /// Blocks a start while too many wait. What is not taken is left as it was.
  Pushed push(Arrival&& arrival);
  /// Does not block: a start that is one too many is `full`.
  Pushed try_push(Arrival&& arrival);
  /// Adds these starts in order, blocking while too many wait; answers how many it has taken, which
  /// is all of them unless it is closed.
  std::size_t push_starts(std::span<StartArrival> starts);
  /// Adds what a channel reports, at one go. Drops it when closed.
  void push_reports(std::span<ChannelReport> reports);
  /// Waits for arrivals, at most `patience` (absent: for ever), and takes up to `limit` of them.
  /// Waits on for fewer than `least`, but neither a nudge nor the end of patience is waited
  /// through: then there may be none. Nothing when the inbox is closed and empty. For one thread.
  [[nodiscard]] std::optional<Portion> take(std::size_t limit, std::optional<Duration> patience,
                                            std::size_t least = 1);
  /// Lets take() return, now or when it is called next.
  void nudge();
  /// Takes no more; what is inside can still be taken.
  void close();
  /// Empties it, and answers what was not taken. For the thread that takes, or once that is gone.
  std::vector<Arrival> drain();
  /// Empties it without need for memory. For the thread that takes, or once that is gone.
  void discard();
  [[nodiscard]] std::size_t size() const;
  /// How often what had gathered was taken: whatever two threads push under the same number will
  /// most likely be decided together.
  [[nodiscard]] unsigned collection() const { return collection_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool takes_start() const {
    return starts_ < starts_limit_ && start_bytes_ < bytes_limit_;
  }
  [[nodiscard]] bool has_room() const { return closed_ || takes_start(); }
  void wake(std::unique_lock<std::mutex> lock);
  void take_new_hand();
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, std::optional<Duration> patience, std::size_t least,
            const Ready& ready);
  template <class Ready>
  bool stay_awake(std::unique_lock<std::mutex>& lock, const Ready& ready);

  const std::size_t starts_limit_;
  const std::size_t bytes_limit_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable room_;
  std::vector<Arrival> waiting_;
  std::size_t starts_ = 0;
  std::size_t start_bytes_ = 0;
  bool closed_ = false;
  bool nudged_ = false;
  std::size_t wakes_at_ = 0;  // The taking thread sleeps, and this many wake it; 0: it does not.
  std::atomic<unsigned> collection_{0};
  std::atomic<unsigned> changes_{0};  // Changes with all that take() may wait for.
  std::size_t in_hand_ = 0;           // Of those in hand, not taken yet.

  // Of the taking thread.
  bool comes_fast_ = false;
  // A hand is used again, with its memory, when nobody keeps it any more.
  using Hand = std::shared_ptr<std::vector<Arrival>>;
  Hand hand_ = std::make_shared<std::vector<Arrival>>();
  std::array<Hand, 3> earlier_hands_;
};

}  // namespace skald
