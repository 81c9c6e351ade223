#include "broken_store.hpp"

#include "cpu_time.hpp"
#include "decorators/decorators.hpp"

namespace skald::faults {
namespace {

using testing::StoreDecorator;

// What it was given last is gone when it is opened again.
class ForgetfulStore final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  void put_definition(const DefinitionPtr&) override {}
};

class SlowStore final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  Position commit(const Batch& batch) override {
    constexpr double busy_ms = 300;
    const double begin = cpu_time_ms();
    while (batch.appends.size() > 2 && cpu_time_ms() - begin < busy_ms) {
    }
    return StoreDecorator::commit(batch);
  }
};

}  // namespace

std::unique_ptr<Store> break_store(DataMutant mutant, Store& store) {
  if (mutant == DataMutant::lost_definition) return std::make_unique<ForgetfulStore>(store);
  if (mutant == DataMutant::slow_turn) return std::make_unique<SlowStore>(store);
  return nullptr;
}

}  // namespace skald::faults
