// What a MemoryDisk holds.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "quarantine_limits.hpp"
#include "skald/memory_store.hpp"

namespace skald {

/// A saga: its summary, its journal, its newest snapshot.
struct MemoryRecord {
  SagaSummary summary;
  std::vector<JournalRow> rows;
  std::optional<SagaSnapshot> snapshot;
};

struct MemoryDisk::Content {
  std::string engine_id;
  std::uint64_t epoch = 0;
  std::map<SagaId, MemoryRecord> sagas;
  std::map<BusinessKey, SagaId> key_holders;
  std::mutex keys_mutex;  // Of `key_holders`, which may be read during a commit.
  std::map<std::pair<std::string, std::uint32_t>, DefinitionPtr> definitions;
  std::set<Digest> used_definitions;
  std::vector<QuarantinedMessage> quarantine;
  QuarantineTotals quarantined;
  std::map<std::string, Position> watermarks;
  std::map<std::string, std::string> participants;
  Position last_position = 0;
  std::int64_t last_quarantined = 0;
  std::optional<StoreError::Kind> failing;
};

}  // namespace skald
