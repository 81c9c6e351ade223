#include "skald/memory_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <unordered_map>
#include <utility>

#include "memory_disk.hpp"
#include "purge_choice.hpp"
#include "store_rules.hpp"

namespace skald {
namespace {

constexpr std::size_t usual_rows = 8;  // Of a saga with a few steps.

BusinessKey type_and_key(const SagaSummary& summary) { return {summary.type, *summary.key}; }

std::string random_engine_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

MemoryDisk::MemoryDisk() : content_(std::make_unique<Content>()) {
  content_->engine_id = random_engine_id();
}
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
    std::vector<JournalRow>& rows = disk_.sagas.at(append.saga).rows;
    if (rows.empty()) rows.reserve(usual_rows);
    rows.push_back({++disk_.last_position, append.version, append.at, append.events});
  }
  for (const SagaSnapshot& snapshot : batch.snapshots) {
    disk_.sagas.at(snapshot.saga.id).snapshot = snapshot;
  }
  for (const QuarantinedMessage& message : batch.quarantined) put_in_quarantine(message);
  for (const auto& [channel, position] : batch.watermarks) disk_.watermarks[channel] = position;
  for (const auto& [name, state] : batch.participants) disk_.participants[name] = state;
  return first;
}

void MemoryStore::put_in_quarantine(QuarantinedMessage message) {
  switch (keep(disk_.quarantined, message)) {
    case Keep::whole: break;
    case Keep::without_body: message = without_body(std::move(message)); break;
    case Keep::counted:
      message = counting_message(++disk_.quarantined.not_kept, message);
      for (QuarantinedMessage& each : disk_.quarantine) {
        if (each.reason != quarantine_full) continue;
        message.number = each.number;
        each = std::move(message);
        return;
      }
      message.number = ++disk_.last_quarantined;
      disk_.quarantine.push_back(std::move(message));
      return;
  }
  ++disk_.quarantined.messages;
  disk_.quarantined.bytes += bytes_of(message);
  message.number = ++disk_.last_quarantined;
  disk_.quarantine.push_back(std::move(message));
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
  std::unordered_map<SagaId, std::uint64_t> last;
  last.reserve(batch.appends.size() + batch.summaries.size());
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
  for (const SagaSnapshot& snapshot : batch.snapshots) {
    const SagaId& id = snapshot.saga.id;
    const auto known = disk_.sagas.find(id);
    if (known != disk_.sagas.end() && last[id] == 0) last[id] = known->second.rows.size();
    if (last[id] != snapshot.saga.version) throw_untimely_snapshot(snapshot.saga, last[id]);
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
  MemoryRecord& record = disk_.sagas[summary.id];
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
  const auto found = std::find_if(
      disk_.quarantine.begin(), disk_.quarantine.end(),
      [number](const QuarantinedMessage& message) { return message.number == number; });
  if (found == disk_.quarantine.end()) return false;
  if (found->reason == quarantine_full) {
    disk_.quarantined.not_kept = 0;
  } else {
    --disk_.quarantined.messages;
    disk_.quarantined.bytes -= bytes_of(*found);
  }
  disk_.quarantine.erase(found);
  return true;
}

void MemoryStore::serve_control(ControlHandler) {}
void MemoryStore::stop_control() {}

}  // namespace skald
