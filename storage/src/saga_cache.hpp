// What the store remembers of sagas so that appending needs no look-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "skald/ids.hpp"

namespace skald {

/// A saga as its row and journal stand within the transaction under way.
struct KnownSaga {
  std::int64_t n = 0;         ///< Number of its row.
  std::uint64_t version = 0;  ///< Of its last journal row.
  bool holds_key = false;
  std::uint64_t error = 0;  ///< Tells apart what error its row names; 0: none.
};

/// Bounded: of those not asked for lately, half are dropped at a time. A dropped saga is looked up.
class SagaCache {
 public:
  explicit SagaCache(std::size_t limit) : half_(limit / 2) {}

  /// Nothing when it is not remembered. Valid until the next call.
  [[nodiscard]] KnownSaga* find(const SagaId& id) {
    if (const auto young = young_.find(id); young != young_.end()) return &young->second;
    const auto old = old_.find(id);
    if (old == old_.end()) return nullptr;
    const KnownSaga known = old->second;
    old_.erase(old);
    return &keep(id, known);
  }
  KnownSaga& keep(const SagaId& id, const KnownSaga& known) {
    if (young_.size() >= half_) {
      old_.swap(young_);
      young_.clear();
    }
    return young_[id] = known;
  }
  void drop(const SagaId& id) {
    young_.erase(id);
    old_.erase(id);
  }
  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  std::size_t half_;
  std::unordered_map<SagaId, KnownSaga> young_;
  std::unordered_map<SagaId, KnownSaga> old_;
};

}  // namespace skald
