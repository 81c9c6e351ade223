// A broken store that writes something else than it was told.
#pragma once

#include <functional>

#include "decorators.hpp"

namespace skald::testing {

class EditingStore final : public StoreDecorator {
 public:
  EditingStore(Store& inner, std::function<void(Batch&)> edit)
      : StoreDecorator(inner), edit_(std::move(edit)) {}
  Position commit(const Batch& batch) override {
    Batch changed = batch;
    edit_(changed);
    return StoreDecorator::commit(changed);
  }

 private:
  std::function<void(Batch&)> edit_;
};

}  // namespace skald::testing
