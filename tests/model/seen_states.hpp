// Which states have been seen: 128 bits of each, so that among a billion states the chance that
// two are taken for one is below 10^-20.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace skald::model {

class SeenStates {
 public:
  SeenStates() : slots_(1024) {}

  /// False if it was seen before. For types without padding.
  template <typename State>
  bool insert(const State& state) {
    static_assert(sizeof(State) % sizeof(std::uint64_t) == 0);
    std::uint64_t words[sizeof(State) / sizeof(std::uint64_t)];
    std::memcpy(words, &state, sizeof state);
    Mark mark{0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F};
    for (const std::uint64_t word : words) {
      mark.first = std::rotl((mark.first ^ word) * 0xBF58476D1CE4E5B9, 29);
      mark.second = std::rotl((mark.second + word) * 0xD6E8FEB86659FD93, 31) ^ word;
    }
    mark = {mix(mark.first), mix(mark.second)};
    if (mark == Mark{}) mark.second = 1;  // Zero marks an empty slot.
    if (size_ * 2 >= slots_.size()) grow();
    Mark& slot = place(mark);
    if (slot == mark) return false;
    slot = mark;
    ++size_;
    return true;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Mark = std::pair<std::uint64_t, std::uint64_t>;

  static std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
  }
  // Where it is, or the empty slot where it belongs.
  Mark& place(const Mark& mark) {
    std::size_t at = mark.first & (slots_.size() - 1);
    while (slots_[at] != Mark{} && slots_[at] != mark) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void grow() {
    std::vector<Mark> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Mark& mark : old) {
      if (mark != Mark{}) place(mark) = mark;
    }
  }

  std::vector<Mark> slots_;
  std::size_t size_ = 0;
};

}  // namespace skald::model
