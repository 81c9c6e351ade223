// Where threads wait for the outcomes of their starts.
//
// Waking threads is what a commit costs most when each start has a thread that waits for it. So the
// coordinator's thread wakes one for a whole batch, and that one the others.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace skald {

/// Thread-safe; outlives every wait.
class StartGates {
 public:
  /// Blocks until `is_told` answers true. Whoever makes it true calls tell() with this gate.
  template <typename Told>
  void wait(unsigned gate, Told is_told) {
    Gate& mine = gates_[gate % count];
    while (true) {
      const std::uint32_t seen = mine.opened.load(std::memory_order_acquire);
      if (is_told()) return;
      mine.opened.wait(seen, std::memory_order_acquire);
      if (mine.to_pass_on.exchange(false, std::memory_order_acq_rel)) mine.opened.notify_all();
    }
  }
  /// The gate is to be opened: what somebody waits for there has been told.
  void tell(unsigned gate) { told_.fetch_or(1U << (gate % count), std::memory_order_release); }
  /// Opens the gates where something was told. Before this, nobody who sleeps wakes.
  void open() {
    unsigned told = told_.exchange(0, std::memory_order_acq_rel);
    for (std::size_t i = 0; told != 0; ++i, told >>= 1U) {
      if ((told & 1U) == 0) continue;
      gates_[i].to_pass_on.store(true, std::memory_order_release);
      gates_[i].opened.fetch_add(1, std::memory_order_release);
      gates_[i].opened.notify_one();
    }
  }

 private:
  // With several, a batch hardly wakes those who wait for the next one.
  static constexpr std::size_t count = 4;
  struct alignas(64) Gate {
    std::atomic<std::uint32_t> opened{0};
    std::atomic<bool> to_pass_on{false};
  };
  std::array<Gate, count> gates_;
  std::atomic<unsigned> told_{0};
};

}  // namespace skald
