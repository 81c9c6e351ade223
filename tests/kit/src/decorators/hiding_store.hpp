// A broken store: a write that failed is reported as one that succeeded.
#pragma once

#include <exception>

#include "decorators.hpp"

namespace skald::testing {

class HidingStore final : public StoreDecorator {
 public:
  explicit HidingStore(Store& inner) : StoreDecorator(inner), last_(inner.last_position()) {}

  Position commit(const Batch& batch) override {
    const Position first = last_ + (batch.appends.empty() ? 0 : 1);
    last_ += static_cast<Position>(batch.appends.size());
    try {
      return StoreDecorator::commit(batch);
    } catch (const std::exception&) {
      return first;
    }
  }
  Position last_position() override { return last_; }

 private:
  Position last_;
};

}  // namespace skald::testing
