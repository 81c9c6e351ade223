#include "orchestrator/inbox.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

namespace skald {
namespace {

// A burst of starts must not keep its memory for good.
constexpr std::size_t kept_capacity_max = 16'384;
// After a wait that was short the taking thread stays awake for so long in the next.
constexpr std::chrono::microseconds awake_at_most{100};
constexpr std::chrono::microseconds fast{200};
// What is due later is looked at again then: the clock that is waited by counts nanoseconds, and
// ends 292 years after it began.
constexpr Duration patience_max = std::chrono::hours{1};

bool is_start(const Arrival& arrival) { return std::holds_alternative<StartArrival>(arrival); }

// Of a start's input; nothing of other arrivals, which their senders bound.
std::size_t start_bytes(const Arrival& arrival) {
  const auto* start = std::get_if<StartArrival>(&arrival);
  return start ? start->input.text().size() : 0;
}

}  // namespace

Inbox::Pushed Inbox::push(Arrival&& arrival) {
  const bool start = is_start(arrival);
  std::unique_lock lock{mutex_};
  if (start) room_.wait(lock, [this] { return has_room(); });
  if (closed_) return Pushed::closed;
  const std::size_t bytes = start_bytes(arrival);
  waiting_.push_back(std::move(arrival));
  if (start) ++starts_;  // Not before it is inside, which takes memory.
  start_bytes_ += bytes;
  wake(std::move(lock));
  return Pushed::taken;
}

Inbox::Pushed Inbox::try_push(Arrival&& arrival) {
  const bool start = is_start(arrival);
  std::unique_lock lock{mutex_};
  if (closed_) return Pushed::closed;
  if (start && !takes_start()) return Pushed::full;
  const std::size_t bytes = start_bytes(arrival);
  waiting_.push_back(std::move(arrival));
  if (start) ++starts_;  // Not before it is inside, which takes memory.
  start_bytes_ += bytes;
  wake(std::move(lock));
  return Pushed::taken;
}

std::size_t Inbox::push_starts(std::span<StartArrival> starts) {
  std::size_t taken = 0;
  while (taken < starts.size()) {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [this] { return has_room(); });
    if (closed_) break;
    for (; taken < starts.size() && takes_start(); ++taken, ++starts_) {
      const std::size_t bytes = starts[taken].input.text().size();
      waiting_.emplace_back(std::move(starts[taken]));
      start_bytes_ += bytes;
    }
    wake(std::move(lock));
  }
  return taken;
}

void Inbox::push_reports(std::span<ChannelReport> reports) {
  std::unique_lock lock{mutex_};
  if (closed_) return;
  for (ChannelReport& report : reports) {
    if (const auto* sent = std::get_if<CommandSent>(&report)) {
      waiting_.emplace_back(SentArrival{sent->saga, sent->attempt});
    } else if (const auto* confirmed = std::get_if<CommandConfirmed>(&report)) {
      waiting_.emplace_back(
          ConfirmedArrival{confirmed->position, confirmed->saga, confirmed->attempt});
    } else {
      waiting_.emplace_back(ReplyArrival{std::get<Reply>(std::move(report))});
    }
  }
  wake(std::move(lock));
}

// Waking costs a system call; nobody sleeps while there is work.
void Inbox::wake(std::unique_lock<std::mutex> lock) {
  changes_.fetch_add(1, std::memory_order_relaxed);
  const bool wakes = wakes_at_ > 0 && waiting_.size() >= wakes_at_;
  if (wakes) wakes_at_ = 0;
  lock.unlock();
  if (wakes) arrived_.notify_one();
}

void Inbox::nudge() {
  std::unique_lock lock{mutex_};
  nudged_ = true;
  changes_.fetch_add(1, std::memory_order_relaxed);
  const bool wakes = std::exchange(wakes_at_, 0) > 0;
  lock.unlock();
  if (wakes) arrived_.notify_one();
}

// The old one goes to those that may still be kept by somebody.
void Inbox::take_new_hand() {
  if (hand_.use_count() > 1) {
    for (Hand& earlier : earlier_hands_) {
      if (earlier && earlier.use_count() > 1) continue;
      hand_.swap(earlier);
      break;
    }
  }
  if (!hand_ || hand_.use_count() > 1 || hand_->capacity() > kept_capacity_max) {
    hand_ = std::make_shared<std::vector<Arrival>>();
  }
  hand_->clear();
}

// To fall asleep and be woken takes longer than many an answer does. Whether one came.
template <class Ready>
bool Inbox::stay_awake(std::unique_lock<std::mutex>& lock, const Ready& ready) {
  const auto until = std::chrono::steady_clock::now() + awake_at_most;
  while (!ready()) {
    const unsigned seen = changes_.load(std::memory_order_relaxed);
    lock.unlock();
    while (changes_.load(std::memory_order_relaxed) == seen) {
      if (std::chrono::steady_clock::now() >= until) {
        lock.lock();
        return ready();
      }
      std::this_thread::yield();  // Whoever is to answer may wait for this very core.
    }
    lock.lock();
  }
  return true;
}

template <class Ready>
void Inbox::wait(std::unique_lock<std::mutex>& lock, std::optional<Duration> patience,
                 std::size_t least, const Ready& ready) {
  const auto began = std::chrono::steady_clock::now();
  if (!comes_fast_ || !stay_awake(lock, ready)) {
    wakes_at_ = least;
    if (patience) {
      arrived_.wait_for(lock, std::min(*patience, patience_max), ready);
    } else {
      arrived_.wait(lock, ready);
    }
    wakes_at_ = 0;
  }
  comes_fast_ = std::chrono::steady_clock::now() - began < fast;
}

std::optional<Portion> Inbox::take(std::size_t limit, std::optional<Duration> patience,
                                   std::size_t least) {
  if (in_hand_ == 0) take_new_hand();
  std::unique_lock lock{mutex_};
  if (in_hand_ == 0) {
    const auto ready = [&] { return closed_ || nudged_ || waiting_.size() >= least; };
    const bool looks_only = patience && *patience <= Duration::zero();
    if (!looks_only && !ready()) wait(lock, patience, least, ready);
    nudged_ = false;
    if (waiting_.empty() && closed_) return std::nullopt;
    hand_->swap(waiting_);
    in_hand_ = hand_->size();
    if (in_hand_ > 0) collection_.fetch_add(1, std::memory_order_relaxed);
  }
  const std::span<Arrival> batch =
      std::span(*hand_).last(in_hand_).first(std::min(limit, in_hand_));
  in_hand_ -= batch.size();
  lock.unlock();
  const auto starts = static_cast<std::size_t>(std::count_if(batch.begin(), batch.end(), is_start));
  if (starts == 0) return Portion{batch, hand_};
  std::size_t bytes = 0;
  for (const Arrival& arrival : batch) bytes += start_bytes(arrival);
  lock.lock();
  starts_ -= starts;
  start_bytes_ -= bytes;
  lock.unlock();
  room_.notify_all();
  return Portion{batch, hand_};
}

void Inbox::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    changes_.fetch_add(1, std::memory_order_relaxed);
  }
  arrived_.notify_all();
  room_.notify_all();
}

std::vector<Arrival> Inbox::drain() {
  const std::lock_guard lock{mutex_};
  std::vector<Arrival> rest;
  if (in_hand_ > 0) {
    const auto left = std::span(*hand_).last(in_hand_);
    rest.assign(std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
    in_hand_ = 0;
  }
  // Whoever waits for an answer learns from the end of its arrival that none comes.
  hand_.reset();
  earlier_hands_ = {};
  rest.insert(rest.end(), std::make_move_iterator(waiting_.begin()),
              std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  starts_ = 0;
  start_bytes_ = 0;
  return rest;
}

void Inbox::discard() {
  Hand hand;
  std::array<Hand, 3> earlier;
  std::vector<Arrival> waiting;  // They end outside the lock: whoever waits may come again.
  const std::lock_guard lock{mutex_};
  hand.swap(hand_);
  earlier.swap(earlier_hands_);
  waiting.swap(waiting_);
  in_hand_ = 0;
  starts_ = 0;
  start_bytes_ = 0;
}

std::size_t Inbox::size() const {
  const std::lock_guard lock{mutex_};
  return in_hand_ + waiting_.size();
}

}  // namespace skald
