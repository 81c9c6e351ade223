// A set of steps of one definition, as bits: readiness of a step in a graph is one subset test.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "skald/ids.hpp"

namespace skald {

/// Up to 64 steps need no memory beyond the object. Value type.
class StepSet {
 public:
  void insert(StepIndex step) { word(step) |= bit(step); }
  void erase(StepIndex step) {
    if (word_count() > step / word_bits) word(step) &= ~bit(step);
  }
  [[nodiscard]] bool contains(StepIndex step) const {
    const std::size_t at = step / word_bits;
    return at < word_count() && (word_at(at) & bit(step)) != 0;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < word_count(); ++i) {
      count += static_cast<std::size_t>(std::popcount(word_at(i)));
    }
    return count;
  }
  [[nodiscard]] bool empty() const {
    for (std::size_t i = 0; i < word_count(); ++i) {
      if (word_at(i) != 0) return false;
    }
    return true;
  }
  /// True when every member is in `other`, too.
  [[nodiscard]] bool subset_of(const StepSet& other) const {
    for (std::size_t i = 0; i < word_count(); ++i) {
      const std::uint64_t theirs = i < other.word_count() ? other.word_at(i) : 0;
      if ((word_at(i) & ~theirs) != 0) return false;
    }
    return true;
  }
  /// How many members lie in [first, end).
  [[nodiscard]] std::size_t count(StepIndex first, StepIndex end) const {
    std::size_t count = 0;
    for (StepIndex at = first; at < end;) {
      const StepIndex next = std::min(end, word_end(at));
      count += static_cast<std::size_t>(std::popcount(bits(at, next)));
      at = next;
    }
    return count;
  }
  /// The first step of [first, end) that is no member; `end` when all are.
  [[nodiscard]] StepIndex first_missing(StepIndex first, StepIndex end) const {
    for (StepIndex at = first; at < end;) {
      const StepIndex next = std::min(end, word_end(at));
      const std::uint64_t missing = ~bits(at, next) & mask(at, next);
      if (missing != 0) {
        return at - at % word_bits + static_cast<StepIndex>(std::countr_zero(missing));
      }
      at = next;
    }
    return end;
  }
  [[nodiscard]] bool meets(const StepSet& other) const {
    for (std::size_t i = 0; i < word_count() && i < other.word_count(); ++i) {
      if ((word_at(i) & other.word_at(i)) != 0) return true;
    }
    return false;
  }
  void insert_all(const StepSet& other) {
    for (std::size_t i = 0; i < other.word_count(); ++i) {
      if (other.word_at(i) != 0) word(static_cast<StepIndex>(i * word_bits)) |= other.word_at(i);
    }
  }
  /// Calls back with every member, in order.
  template <typename Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < word_count(); ++i) {
      for (std::uint64_t left = word_at(i); left != 0; left &= left - 1) {
        visit(static_cast<StepIndex>(i * word_bits) +
              static_cast<StepIndex>(std::countr_zero(left)));
      }
    }
  }

  /// Same members: a set that once held a late step keeps the room for it.
  friend bool operator==(const StepSet& a, const StepSet& b) {
    return a.subset_of(b) && b.subset_of(a);
  }

 private:
  static constexpr StepIndex word_bits = 64;
  static StepIndex word_end(StepIndex step) {
    return step - step % word_bits + static_cast<StepIndex>(word_bits);
  }
  // Bits of [first, end), which lie in one word.
  static std::uint64_t mask(StepIndex first, StepIndex end) {
    const std::uint64_t from = ~std::uint64_t{0} << (first % word_bits);
    const std::size_t left = (word_bits - end % word_bits) % word_bits;
    return from & (~std::uint64_t{0} >> left);
  }
  [[nodiscard]] std::uint64_t bits(StepIndex first, StepIndex end) const {
    const std::size_t at = first / word_bits;
    return at < word_count() ? word_at(at) & mask(first, end) : 0;
  }
  static std::uint64_t bit(StepIndex step) { return std::uint64_t{1} << (step % word_bits); }
  [[nodiscard]] std::size_t word_count() const { return 1 + rest_.size(); }
  [[nodiscard]] std::uint64_t word_at(std::size_t at) const {
    return at == 0 ? first_ : rest_[at - 1];
  }
  std::uint64_t& word(StepIndex step) {
    const std::size_t at = step / word_bits;
    if (at == 0) return first_;
    if (rest_.size() < at) rest_.resize(at, 0);
    return rest_[at - 1];
  }

  std::uint64_t first_ = 0;
  std::vector<std::uint64_t> rest_;
};

}  // namespace skald
