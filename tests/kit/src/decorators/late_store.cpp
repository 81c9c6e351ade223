#include "late_store.hpp"

#include <algorithm>

namespace skald::testing {

Position LateStore::commit(const Batch& batch) {
  const Position first = last_ + (batch.appends.empty() ? 0 : 1);
  last_ += static_cast<Position>(batch.appends.size());
  waiting_.push_back(batch);
  if (waiting_.size() > batches_behind_) write_one();
  return first;
}

std::vector<JournalRow> LateStore::journal(const SagaId& id, std::uint64_t after_version) {
  const bool waits = std::any_of(waiting_.begin(), waiting_.end(), [&id](const Batch& batch) {
    return std::any_of(batch.appends.begin(), batch.appends.end(),
                       [&id](const JournalAppend& append) { return append.saga == id; });
  });
  while (waits && !waiting_.empty()) write_one();
  return StoreDecorator::journal(id, after_version);
}

std::vector<std::optional<SagaId>> LateStore::key_holders(std::span<const BusinessKey> keys) {
  auto holders = StoreDecorator::key_holders(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (const Batch& batch : waiting_) {
      for (const SagaSummary& summary : batch.summaries) {
        const bool asked = summary.type == keys[i].type && summary.key == keys[i].key;
        if (asked) holders[i] = summary.id;
      }
    }
  }
  return holders;
}

void LateStore::write_one() {
  (void)inner_.commit(waiting_.front());
  waiting_.pop_front();
}

}  // namespace skald::testing
