// Reading a store that another process may own: works beside a live engine and without one, and
// never changes the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skald/store.hpp"

namespace skald {

/// One thread at a time. Every call sees what was committed when it began.
class SqliteReader final : public StoreReader {
 public:
  /// \throws StoreError: not_a_store when there is none at `path`; newer; corrupt.
  explicit SqliteReader(const std::string& path);
  ~SqliteReader() override;

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

  /// Names the engine whose store it is.
  [[nodiscard]] std::string engine_id();
  /// Copies the store, as it is now, to a new file (mode 0600), which is there whole or not at
  /// all. As fast as it can be: a live owner goes on meanwhile, but shares the disk with it and
  /// keeps all that it writes in its log. Store::backup() of the owner is gentler.
  /// \throws StoreError, also when `target` exists.
  void backup(const std::string& target);
  /// What a purge of this slice would take: counts, without changing anything.
  [[nodiscard]] Purged rehearse_purge(const PurgeSlice& slice);
  /// What is wrong with the file, one sentence each; empty when it is sound. Reads everything.
  [[nodiscard]] std::vector<std::string> check();

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace skald
