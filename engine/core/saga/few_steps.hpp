// A list of steps that is short nearly always.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "skald/ids.hpp"

namespace skald {

/// Takes no memory of its own for the first few. Grows at its end only.
class FewSteps {
 public:
  void push_back(StepIndex step) {
    if (size_ < first_.size()) {
      first_[size_] = step;
    } else {
      more_.push_back(step);
    }
    ++size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] StepIndex operator[](std::size_t i) const {
    return i < first_.size() ? first_[i] : more_[i - first_.size()];
  }
  void clear() {
    size_ = 0;
    more_.clear();
  }

 private:
  std::array<StepIndex, 8> first_;  // NOLINT: the first `size_` of them are set.
  std::size_t size_ = 0;
  std::vector<StepIndex> more_;
};

}  // namespace skald
