// One command in a worker's hand, and the states it goes through there.
//
// A worker takes several commands under one lock and then begins and finishes each without it; the
// flags below settle, with single atomic steps, who was first: the worker that begins a run,
// another that takes it over or withdraws it, or a later attempt that wants to be answered by it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "in_process_queue.hpp"

namespace skald {

/// An idempotency key without its text.
struct RunKey {
  SagaId saga;
  StepIndex step = no_step;
  Direction direction = Direction::action;
  friend bool operator==(const RunKey&, const RunKey&) = default;
};
struct RunKeyHash {
  std::size_t operator()(const RunKey& key) const noexcept {
    return std::hash<SagaId>{}(key.saga) ^
           (std::size_t{key.step} * 8 + static_cast<std::size_t>(key.direction)) *
               0x9e3779b97f4a7c15U;
  }
};
[[nodiscard]] inline RunKey run_key(const Command& command) {
  return {command.id.saga, command.attempt.step, command.attempt.direction};
}

class Run {
 public:
  WaitingCommand waiting;      ///< Changes only under the pool's lock, and not while it runs.
  std::vector<Command> later;  ///< Attempts to answer with this one's outcome; under the lock.
  std::stop_source stop;       ///< Requested only by who set `stop_used`, under the lock.
  bool stop_used = false;
  /// When its worker last looked at the clock before it began.
  std::atomic<std::chrono::steady_clock::time_point> began{};

  [[nodiscard]] const Command& command() const { return waiting.command; }

  /// Under the lock: a fresh command for this place, and the attempts that wait for it.
  void place(WaitingCommand&& command, std::vector<Command>&& awaiting) {
    waiting = std::move(command);
    later = std::move(awaiting);
    if (stop_used) stop = std::stop_source();
    stop_used = false;
    state_.store(later.empty() ? std::uint8_t{0} : awaited, std::memory_order_relaxed);
  }
  /// By its worker: false when it was withdrawn or taken over.
  [[nodiscard]] bool begin() { return (state_.fetch_or(begun) & gone) == 0; }
  /// By its worker: true when later attempts wait for the outcome.
  [[nodiscard]] bool finish() { return (state_.fetch_or(done) & awaited) != 0; }

  [[nodiscard]] bool is_running() const { return (state_.load() & (begun | done)) == begun; }
  /// Under the lock: neither begun nor taken away.
  [[nodiscard]] bool is_waiting() const { return (state_.load() & (begun | done | gone)) == 0; }
  /// Under the lock: takes the command away from a worker that has not begun it.
  [[nodiscard]] bool take_away() {
    std::uint8_t seen = state_.load();
    while ((seen & (begun | gone)) == 0) {
      if (state_.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen | gone))) return true;
    }
    return false;
  }
  /// Under the lock: `attempt` will be answered with this run's outcome, unless that is out
  /// already.
  [[nodiscard]] bool await(Command& attempt) {
    std::uint8_t seen = state_.load();
    while ((seen & (done | gone)) == 0) {
      if (!state_.compare_exchange_weak(seen, static_cast<std::uint8_t>(seen | awaited))) continue;
      later.push_back(std::move(attempt));
      return true;
    }
    return false;
  }
  /// Under the lock: whether an attempt may still join this run.
  [[nodiscard]] bool is_open() const { return (state_.load() & (done | gone)) == 0; }

 private:
  static constexpr std::uint8_t begun = 1;
  static constexpr std::uint8_t awaited = 2;
  static constexpr std::uint8_t done = 4;
  static constexpr std::uint8_t gone = 8;
  std::atomic<std::uint8_t> state_{done};
};

}  // namespace skald
