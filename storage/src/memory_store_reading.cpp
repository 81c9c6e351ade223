// Reading the memory store; memory_store.cpp has what writes.
#include <algorithm>

#include "id_range.hpp"
#include "memory_disk.hpp"

namespace skald {

std::optional<SagaSummary> MemoryStore::summary(const SagaId& id) {
  const auto record = disk_.sagas.find(id);
  if (record == disk_.sagas.end()) return std::nullopt;
  return record->second.summary;
}

std::vector<SagaId> MemoryStore::find_by_prefix(std::string_view prefix, std::size_t limit) {
  std::vector<SagaId> ids;
  const auto range = id_range(prefix);
  if (!range) return ids;
  for (auto it = disk_.sagas.lower_bound(range->first);
       it != disk_.sagas.end() && it->first <= range->last && ids.size() < limit; ++it) {
    ids.push_back(it->first);
  }
  return ids;
}

std::vector<JournalRow> MemoryStore::journal(const SagaId& id, std::uint64_t after_version) {
  const auto record = disk_.sagas.find(id);
  if (record == disk_.sagas.end()) return {};
  const auto& rows = record->second.rows;  // The first has version 1, and there are no gaps.
  if (after_version >= rows.size()) return {};
  return {rows.begin() + static_cast<std::ptrdiff_t>(after_version), rows.end()};
}

std::optional<SagaSnapshot> MemoryStore::snapshot(const SagaId& id) {
  const auto record = disk_.sagas.find(id);
  return record == disk_.sagas.end() ? std::nullopt : record->second.snapshot;
}

std::optional<std::uint64_t> MemoryStore::last_version(const SagaId& id) {
  const auto record = disk_.sagas.find(id);
  if (record == disk_.sagas.end()) return std::nullopt;
  return record->second.rows.size();
}

std::vector<SagaSummary> MemoryStore::list(const SagaFilter& filter, const Cursor& cursor,
                                           std::size_t limit) {
  std::vector<SagaSummary> page;
  auto it = cursor.after.empty() ? disk_.sagas.end() : disk_.sagas.lower_bound(cursor.after);
  while (it != disk_.sagas.begin() && page.size() < limit) {
    --it;
    if (matches_summary(filter, it->second.summary)) page.push_back(it->second.summary);
  }
  return page;
}

std::uint64_t MemoryStore::count(const SagaFilter& filter) {
  const auto matched = std::count_if(disk_.sagas.begin(), disk_.sagas.end(), [&](const auto& saga) {
    return matches_summary(filter, saga.second.summary);
  });
  return static_cast<std::uint64_t>(matched);
}

DefinitionPtr MemoryStore::definition(const Digest& digest) {
  for (const auto& [name, definition] : disk_.definitions) {
    if (definition->digest() == digest) return definition;
  }
  return nullptr;
}

std::vector<DefinitionPtr> MemoryStore::definitions() {
  std::vector<DefinitionPtr> all;
  for (const auto& [name, definition] : disk_.definitions) all.push_back(definition);
  return all;
}

std::vector<UnusableDefinition> MemoryStore::unusable_definitions() { return {}; }

std::vector<QuarantinedMessage> MemoryStore::quarantine(std::int64_t after, std::size_t limit) {
  std::vector<QuarantinedMessage> messages;
  for (const QuarantinedMessage& message : disk_.quarantine) {
    if (messages.size() == limit) break;
    if (message.number > after) messages.push_back(message);
  }
  return messages;
}

std::vector<std::optional<SagaId>> MemoryStore::key_holders(std::span<const BusinessKey> keys) {
  const std::lock_guard lock{disk_.keys_mutex};
  std::vector<std::optional<SagaId>> holders(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto holder = disk_.key_holders.find(keys[i]);
    if (holder != disk_.key_holders.end()) holders[i] = holder->second;
  }
  return holders;
}

void MemoryStore::each_unfinished(const std::function<void(const SagaSummary&)>& visit) {
  for (const auto& [id, record] : disk_.sagas) {
    if (!is_end(record.summary.status)) visit(record.summary);
  }
}

std::map<std::string, std::string> MemoryStore::participant_states() { return disk_.participants; }

Position MemoryStore::watermark(const std::string& channel) {
  const auto mark = disk_.watermarks.find(channel);
  return mark == disk_.watermarks.end() ? 0 : mark->second;
}

Position MemoryStore::last_position() { return disk_.last_position; }

std::string MemoryStore::engine_id() { return disk_.engine_id; }

}  // namespace skald
