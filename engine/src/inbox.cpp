#include "inbox.hpp"

#include <algorithm>

namespace skald {

bool Inbox::push(Arrival arrival) {
  const bool start = std::holds_alternative<StartArrival>(arrival);
  std::unique_lock lock{mutex_};
  if (start) room_.wait(lock, [this] { return closed_ || starts_ < starts_limit_; });
  if (closed_) return false;
  waiting_.push_back(std::move(arrival));
  if (start) ++starts_;  // Not before it is inside, which takes memory.
  // Waking costs a system call; nobody sleeps while there is work.
  const bool wake = std::exchange(sleeping_, false);
  lock.unlock();
  if (wake) arrived_.notify_one();
  return true;
}

std::optional<std::vector<Arrival>> Inbox::take(std::size_t limit,
                                                std::optional<Duration> patience) {
  std::unique_lock lock{mutex_};
  const auto ready = [this] { return closed_ || !waiting_.empty(); };
  if (!ready()) {
    sleeping_ = true;
    if (patience) {
      arrived_.wait_for(lock, std::max(*patience, Duration::zero()), ready);
    } else {
      arrived_.wait(lock, ready);
    }
    sleeping_ = false;
  }
  if (waiting_.empty() && closed_) return std::nullopt;
  std::vector<Arrival> batch;
  if (waiting_.size() <= limit) {
    batch.swap(waiting_);
  } else {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(limit);
    batch.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
  }
  const auto starts = std::count_if(batch.begin(), batch.end(), [](const Arrival& a) {
    return std::holds_alternative<StartArrival>(a);
  });
  starts_ -= static_cast<std::size_t>(starts);
  lock.unlock();
  if (starts > 0) room_.notify_all();
  return batch;
}

void Inbox::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  arrived_.notify_all();
  room_.notify_all();
}

std::vector<Arrival> Inbox::drain() {
  const std::lock_guard lock{mutex_};
  starts_ = 0;
  return std::exchange(waiting_, {});
}

std::size_t Inbox::size() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

}  // namespace skald
