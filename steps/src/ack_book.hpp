// Which deliveries may be acknowledged, and with how few frames.
//
// Deliveries are numbered by the broker from 1 on each connection. They are settled in batches and
// mostly in order: one `multiple` acknowledgement then does for all.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace skald {

struct Ack {
  std::uint64_t tag = 0;
  bool multiple = false;
  friend bool operator==(const Ack&, const Ack&) = default;
};

/// Not thread-safe.
class AckBook {
 public:
  /// Deliveries come in order and without gaps.
  void delivered(std::uint64_t tag) {
    if (open_.empty()) first_ = tag;
    open_.push_back(State::delivered);
  }

  /// This delivery needs no redelivery. A tag that is unknown, or settled already, changes nothing.
  void settle(std::uint64_t tag) {
    if (tag < first_ || tag - first_ >= open_.size()) return;
    State& state = open_[tag - first_];
    if (state != State::delivered) return;
    state = State::settled;
    if (tag != first_) ahead_.push_back(tag);
  }

  /// This delivery was rejected, or given back: it must not be acknowledged any more.
  void rejected(std::uint64_t tag) {
    if (tag < first_ || tag - first_ >= open_.size()) return;
    open_[tag - first_] = State::done;
  }

  /// The acknowledgements that are due, in order; they count as sent.
  [[nodiscard]] std::vector<Ack> take_due() {
    std::vector<Ack> due;
    Ack head;
    while (!open_.empty() && open_.front() != State::delivered) {
      // The broker refuses a tag that it has done with before, also as the end of a range.
      if (open_.front() == State::settled) {
        head.multiple = head.tag != 0;
        head.tag = first_;
      }
      open_.pop_front();
      ++first_;
    }
    if (head.tag != 0) due.push_back(head);
    for (const std::uint64_t tag : ahead_) {
      if (tag < first_) continue;
      open_[tag - first_] = State::done;
      due.push_back({tag, false});
    }
    ahead_.clear();
    return due;
  }

  [[nodiscard]] std::size_t open() const { return open_.size(); }

 private:
  enum class State : std::uint8_t { delivered, settled, done };
  std::deque<State> open_;  // from first_, the oldest that is not settled and acknowledged
  std::uint64_t first_ = 1;
  std::vector<std::uint64_t> ahead_;  // settled out of order since the last take_due()
};

}  // namespace skald
