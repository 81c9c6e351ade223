// A mutex that is taken in the order of asking.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace skald {

/// Whoever asks next is next: a thread that comes again and again keeps nobody else out, as it may
/// with std::mutex. The holder may take it again.
class TurnMutex {
 public:
  void lock() {
    const auto me = std::this_thread::get_id();
    std::unique_lock lock{mutex_};
    if (holder_ == me) {
      ++depth_;
      return;
    }
    const std::uint64_t ticket = asked_++;
    changed_.wait(lock, [&] { return served_ == ticket; });
    holder_ = me;
    depth_ = 1;
  }

  void unlock() {
    std::unique_lock lock{mutex_};
    if (--depth_ > 0) return;
    holder_ = {};
    ++served_;
    const bool awaited = served_ != asked_;
    lock.unlock();
    if (awaited) changed_.notify_all();
  }

  /// How many turns have been asked for: unchanged while nobody came.
  [[nodiscard]] std::uint64_t asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0;
  std::uint64_t served_ = 0;
  std::thread::id holder_;
  unsigned depth_ = 0;
};

}  // namespace skald
