// Knows when an engine has nothing left to do.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

#include "skald/orchestrator.hpp"

namespace skald::faults {

/// Follows every committed decision; thread-safe.
class QuietWatch {
 public:
  /// Takes over what a store holds before an engine opens it.
  explicit QuietWatch(Store& store) {
    store.each_unfinished([this](const SagaSummary& summary) { note(summary.id, summary.status); });
  }

  [[nodiscard]] Observer observer() {
    return [this](const Definition&, const Saga& saga, const std::vector<Event>&) {
      const std::lock_guard lock(mutex_);
      note(saga.id, saga.status);
      if (active_.empty()) quiet_.notify_all();
    };
  }

  /// Waits until each saga has ended or is stuck; false when that takes longer.
  [[nodiscard]] bool await_quiet(Duration limit) {
    std::unique_lock lock(mutex_);
    return quiet_.wait_for(lock, limit, [this] { return active_.empty(); });
  }

  [[nodiscard]] std::set<SagaId> stuck() const {
    const std::lock_guard lock(mutex_);
    return stuck_;
  }

 private:
  void note(const SagaId& id, Status status) {
    const bool is_stuck = status == Status::stuck;
    if (is_end(status) || is_stuck) {
      active_.erase(id);
    } else {
      active_.insert(id);
    }
    if (is_stuck) {
      stuck_.insert(id);
    } else {
      stuck_.erase(id);
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable quiet_;
  std::set<SagaId> active_;
  std::set<SagaId> stuck_;
};

}  // namespace skald::faults
