// A store that lives and dies with its process: for tests, simulations and sagas that need not
// last.
#pragma once

#include <memory>
#include <optional>

#include "skald/error.hpp"
#include "skald/store.hpp"

namespace skald {

/// What a MemoryStore keeps, apart from the store itself: a store that is opened again on the same
/// disk finds everything that was committed, as after a crash. Opening raises the epoch; the store
/// that was there before is fenced. One thread at a time, stores on it included.
class MemoryDisk {
 public:
  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  /// From now on every write fails so (`full` and `failed` make sense), until told otherwise.
  void fail_writes(std::optional<StoreError::Kind> kind);

 private:
  friend class MemoryStore;
  struct Content;
  std::unique_ptr<Content> content_;
};

/// One thread at a time.
class MemoryStore final : public Store {
 public:
  /// On a disk of its own.
  MemoryStore();
  /// On a disk that outlives it.
  explicit MemoryStore(MemoryDisk& disk);
  ~MemoryStore() override;

  [[nodiscard]] std::optional<SagaSummary> summary(const SagaId& id) override;
  [[nodiscard]] std::vector<SagaId> find_by_prefix(std::string_view prefix,
                                                   std::size_t limit) override;
  [[nodiscard]] std::vector<JournalRow> journal(const SagaId& id,
                                                std::uint64_t after_version = 0) override;
  [[nodiscard]] std::optional<SagaSnapshot> snapshot(const SagaId& id) override;
  [[nodiscard]] std::optional<std::uint64_t> last_version(const SagaId& id) override;
  [[nodiscard]] std::vector<SagaSummary> list(const SagaFilter& filter, const Cursor& cursor,
                                              std::size_t limit) override;
  [[nodiscard]] std::uint64_t count(const SagaFilter& filter) override;
  [[nodiscard]] DefinitionPtr definition(const Digest& digest) override;
  [[nodiscard]] std::vector<DefinitionPtr> definitions() override;
  [[nodiscard]] std::vector<UnusableDefinition> unusable_definitions() override;
  [[nodiscard]] std::vector<QuarantinedMessage> quarantine(std::int64_t after,
                                                           std::size_t limit) override;
  [[nodiscard]] std::map<std::string, std::string> participant_states() override;

  Position commit(const Batch& batch) override;
  void put_definition(const DefinitionPtr& definition) override;
  bool drop_definition(const Digest& digest) override;
  Purged purge(const PurgeSlice& slice) override;
  /// Memory is given back at once: there is never any left.
  std::uint64_t release_space(std::uint64_t bytes_max) override;
  /// There is no file: always throws.
  void backup(const std::string& target, const BackupWatch& watch) override;
  bool drop_quarantined(std::int64_t number) override;
  [[nodiscard]] std::vector<std::optional<SagaId>> key_holders(
      std::span<const BusinessKey> keys) override;
  void each_unfinished(const std::function<void(const SagaSummary&)>& visit) override;
  [[nodiscard]] Position watermark(const std::string& channel) override;
  [[nodiscard]] Position last_position() override;
  [[nodiscard]] std::string engine_id() override;
  /// No other process can reach it: does nothing.
  void serve_control(ControlHandler handler) override;
  void stop_control() override;

 private:
  void require_fit() const;
  void check(const Batch& batch) const;
  void check_versions(const Batch& batch) const;
  void check_keys(const Batch& batch) const;
  void apply(const SagaSummary& summary);
  void put_in_quarantine(QuarantinedMessage message);

  std::unique_ptr<MemoryDisk> own_disk_;
  MemoryDisk::Content& disk_;
  std::uint64_t epoch_;
};

}  // namespace skald
