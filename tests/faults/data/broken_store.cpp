#include "broken_store.hpp"

#include <fmt/format.h>

#include "decorators/decorators.hpp"
#include "skald/error.hpp"

namespace skald::faults {
namespace {

using testing::StoreDecorator;

// What it was given last is gone when it is opened again.
class ForgetfulStore final : public StoreDecorator {
 public:
  using StoreDecorator::StoreDecorator;
  void put_definition(const DefinitionPtr&) override {}
};

class DamagedStore final : public StoreDecorator {
 public:
  DamagedStore(const std::set<SagaId>& damaged, Store& inner)
      : StoreDecorator(inner), damaged_(damaged) {}
  std::vector<JournalRow> journal(const SagaId& id, std::uint64_t after_version) override {
    if (damaged_.contains(id)) {
      throw StoreError(StoreError::Kind::corrupt,
                       fmt::format("saga {}: row 1 of its journal is damaged", id.to_string()));
    }
    return StoreDecorator::journal(id, after_version);
  }
  std::optional<SagaSnapshot> snapshot(const SagaId& id) override {
    return damaged_.contains(id) ? std::nullopt : StoreDecorator::snapshot(id);
  }

 private:
  const std::set<SagaId>& damaged_;
};

}  // namespace

std::unique_ptr<Store> damage_store(const std::set<SagaId>& damaged, Store& store) {
  return std::make_unique<DamagedStore>(damaged, store);
}

std::unique_ptr<Store> break_store(DataMutant mutant, Store& store) {
  if (mutant == DataMutant::lost_definition) return std::make_unique<ForgetfulStore>(store);
  return nullptr;
}

}  // namespace skald::faults
