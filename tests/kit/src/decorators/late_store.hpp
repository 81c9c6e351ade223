// A broken store: answers as if every batch were on disk, and writes each only when some more have
// come.
#pragma once

#include <deque>

#include "decorators.hpp"

namespace skald::testing {

class LateStore final : public StoreDecorator {
 public:
  /// Up to `batches_behind` batches are said to be stored and are not.
  LateStore(Store& inner, std::size_t batches_behind)
      : StoreDecorator(inner), batches_behind_(batches_behind), last_(inner.last_position()) {}

  Position commit(const Batch& batch) override;
  /// What the engine reads back must be there, or it would stop by itself.
  std::vector<JournalRow> journal(const SagaId& id, std::uint64_t after_version = 0) override;
  std::vector<std::optional<SagaId>> key_holders(std::span<const BusinessKey> keys) override;
  Position last_position() override { return last_; }

 private:
  void write_one();

  const std::size_t batches_behind_;
  std::deque<Batch> waiting_;
  Position last_;
};

}  // namespace skald::testing
