#include "skald/memory_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include "id_range.hpp"
#include "purge_choice.hpp"
#include "store_rules.hpp"

namespace skald {
namespace {

struct Record {
  SagaSummary summary;
  std::vector<JournalRow> rows;
};

BusinessKey type_and_key(const SagaSummary& summary) { return {summary.type, *summary.key}; }

std::string random_engine_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

struct MemoryDisk::Content {
  std::string engine_id = random_engine_id();
  std::uint64_t epoch = 0;
  std::map<SagaId, Record> sagas;
  std::map<BusinessKey, SagaId> key_holders;
  std::mutex keys_mutex;  // Of `key_holders`, which may be read during a commit.
  std::map<std::pair<std::string, std::uint32_t>, DefinitionPtr> definitions;
  std::set<Digest> used_definitions;
  std::vector<QuarantinedMessage> quarantine;
  std::map<std::string, Position> watermarks;
  std::map<std::string, std::string> participants;
  Position last_position = 0;
  std::int64_t last_quarantined = 0;
  std::optional<StoreError::Kind> failing;
};

MemoryDisk::MemoryDisk() : content_(std::make_unique<Content>()) {}
MemoryDisk::~MemoryDisk() = default;
void MemoryDisk::fail_writes(std::optional<StoreError::Kind> kind) { content_->failing = kind; }

MemoryStore::MemoryStore()
    : own_disk_(std::make_unique<MemoryDisk>()),
      disk_(*own_disk_->content_),
      epoch_(++disk_.epoch) {}
MemoryStore::MemoryStore(MemoryDisk& disk) : disk_(*disk.content_), epoch_(++disk_.epoch) {}
MemoryStore::~MemoryStore() = default;

Position MemoryStore::commit(const Batch& batch) {
  if (batch.empty()) return disk_.last_position;
  require_fit();
  check(batch);
  {
    const std::lock_guard lock{disk_.keys_mutex};
    for (const SagaSummary& summary : batch.summaries) {
      if (!summary.holds_key) apply(summary);
    }
    for (const SagaSummary& summary : batch.summaries) {
      if (summary.holds_key) apply(summary);
    }
  }
  const Position first = disk_.last_position + (batch.appends.empty() ? 0 : 1);
  for (const JournalAppend& append : batch.appends) {
    disk_.sagas.at(append.saga)
        .rows.push_back({++disk_.last_position, append.version, append.at, append.events});
  }
  for (QuarantinedMessage message : batch.quarantined) {
    message.number = ++disk_.last_quarantined;
    disk_.quarantine.push_back(std::move(message));
  }
  for (const auto& [channel, position] : batch.watermarks) disk_.watermarks[channel] = position;
  for (const auto& [name, state] : batch.participants) disk_.participants[name] = state;
  return first;
}

void MemoryStore::require_fit() const {
  if (epoch_ != disk_.epoch) {
    throw StoreError(StoreError::Kind::fenced,
                     "the memory store has been taken over by another owner; stop this one");
  }
  if (disk_.failing == StoreError::Kind::full) {
    throw StoreError(StoreError::Kind::full, "cannot write to the memory store: it is full");
  }
  if (disk_.failing) {
    throw StoreError(*disk_.failing, "cannot write to the memory store: its disk failed");
  }
}

void MemoryStore::check(const Batch& batch) const {
  check_versions(batch);
  check_keys(batch);
}

void MemoryStore::check_versions(const Batch& batch) const {
  std::map<SagaId, std::uint64_t> last;
  for (const SagaSummary& summary : batch.summaries) last.emplace(summary.id, 0);
  for (const JournalAppend& append : batch.appends) {
    if (const auto known = disk_.sagas.find(append.saga); known != disk_.sagas.end()) {
      std::uint64_t& version = last[append.saga];
      version = std::max<std::uint64_t>(version, known->second.rows.size());
    }
    const auto version = last.find(append.saga);
    if (version == last.end()) throw_no_summary(append.saga);
    if (append.version != version->second + 1) {
      throw_version_gap(append.saga, version->second, append.version);
    }
    version->second = append.version;
  }
}

void MemoryStore::check_keys(const Batch& batch) const {
  // What each saga of the batch will be: its newest summary, as apply() leaves it.
  std::map<SagaId, const SagaSummary*> after;
  for (const SagaSummary& summary : batch.summaries) {
    const SagaSummary*& newest = after.try_emplace(summary.id, &summary).first->second;
    if (summary.version >= newest->version) newest = &summary;
  }
  std::map<BusinessKey, SagaId> taken;
  for (const auto& [id, summary] : after) {
    if (!summary->holds_key || !summary->key) continue;
    const auto [other, free] = taken.emplace(type_and_key(*summary), id);
    const auto holder = disk_.key_holders.find(type_and_key(*summary));
    const bool kept_by_another = holder != disk_.key_holders.end() && holder->second != id &&
                                 after.count(holder->second) == 0;
    if (!free || kept_by_another) {
      throw_misuse(fmt::format("saga {} asks for a key that another one holds", id.to_string()));
    }
  }
}

void MemoryStore::apply(const SagaSummary& summary) {
  Record& record = disk_.sagas[summary.id];
  if (!record.summary.id.empty() && record.summary.version > summary.version) return;
  const SagaSummary before = std::exchange(record.summary, summary);
  disk_.used_definitions.insert(summary.definition);
  if (before.holds_key && before.key && !summary.holds_key) {
    disk_.key_holders.erase(type_and_key(before));
  }
  if (summary.holds_key && summary.key) disk_.key_holders[type_and_key(summary)] = summary.id;
}

void MemoryStore::put_definition(const DefinitionPtr& definition) {
  require_fit();
  const std::pair name{definition->type, definition->version};
  const auto stored = disk_.definitions.find(name);
  if (stored != disk_.definitions.end()) {
    const Digest digest = stored->second->digest();
    if (digest == definition->digest()) return;
    if (disk_.used_definitions.count(digest) != 0) throw_definition_used(*definition);
  }
  require_readable(*definition);
  disk_.definitions.insert_or_assign(name, definition);
}

bool MemoryStore::drop_definition(const Digest& digest) {
  require_fit();
  const auto found =
      std::find_if(disk_.definitions.begin(), disk_.definitions.end(),
                   [&digest](const auto& each) { return each.second->digest() == digest; });
  if (found == disk_.definitions.end()) return false;
  for (const auto& [id, record] : disk_.sagas) {
    if (record.summary.definition != digest) continue;
    throw_definition_in_use(found->first.first, found->first.second, id);
  }
  disk_.definitions.erase(found);
  return true;
}

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

Purged MemoryStore::purge(const PurgeSlice& slice) {
  require_fit();
  std::vector<SagaSummary> oldest;
  const auto end = disk_.sagas.lower_bound(first_too_young(slice));
  for (auto it = disk_.sagas.upper_bound(slice.after);
       it != disk_.sagas.end() && it != end && oldest.size() < slice.sagas_max; ++it) {
    oldest.push_back(it->second.summary);
  }
  const PurgeChoice choice = choose_for_purge(*this, slice, oldest);
  const std::lock_guard lock{disk_.keys_mutex};
  for (const SagaId& id : choice.sagas) {
    const auto record = disk_.sagas.find(id);
    const SagaSummary& summary = record->second.summary;
    if (summary.holds_key && summary.key) disk_.key_holders.erase(type_and_key(summary));
    disk_.sagas.erase(record);
  }
  return {choice.sagas.size(), choice.rows, choice.last};
}

std::uint64_t MemoryStore::release_space(std::uint64_t) {
  require_fit();
  return 0;
}

void MemoryStore::backup(const std::string& target, const BackupWatch&) {
  throw StoreError(StoreError::Kind::failed,
                   fmt::format("cannot back up to {}: a store in memory has no file", target));
}

bool MemoryStore::drop_quarantined(std::int64_t number) {
  require_fit();
  return std::erase_if(disk_.quarantine, [number](const QuarantinedMessage& message) {
           return message.number == number;
         }) > 0;
}

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
void MemoryStore::serve_control(ControlHandler) {}
void MemoryStore::stop_control() {}

}  // namespace skald
