// The store in a SQLite file: what services use.
//
// Durable on every commit (write-ahead log, synchronous=FULL). The file belongs to one process at a
// time; other processes read it with a SqliteReader and send requests to its owner with a
// ControlClient. docs/storage.md describes the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skald/store.hpp"

namespace skald {

struct SqliteOptions {
  bool must_exist = false;  ///< Refuse a path without a store, instead of creating one.
  bool momentary = false;   ///< This owner makes one request and goes: others may wait for it.
  /// How long to wait for such an owner; 0: not at all.
  Duration wait_for_momentary_owner{10'000};
  /// Bytes of the file; beyond them a commit is `full`. Absent: no limit.
  std::optional<std::uint64_t> size_limit{};
  /// A store remembers the channel of its engine (Channel::name()), and an engine with another one
  /// is refused: handlers in one process are out of reach for another. True: this one takes the
  /// store over for good, and what was not answered is sent again.
  bool take_over_channel = false;
};

/// Any thread at any time, though what one reads may change before it decides. A store that a
/// process had open when it forked is of no use to the child.
class SqliteStore final : public Store {
 public:
  /// Becomes the owner of the store at `path`, which is created (mode 0600) when it is missing.
  /// \throws StoreError: locked by another owner, whose pid it names; newer; not_a_store; corrupt;
  /// failed, also when other users may write to its files, or one of those beside it is a link.
  explicit SqliteStore(const std::string& path, const SqliteOptions& options = {});
  ~SqliteStore() override;

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

  /// A failure of the disk (an I/O error, a damaged page) is final: every later write throws the
  /// same, because a disk that lost an fsync must not be trusted with the next one. So does a file
  /// that is no longer the one at the store's path (fenced), which is found within a second.
  Position commit(const Batch& batch) override;
  /// Moves the write-ahead log into the file when that has grown to 16 MiB.
  void tidy() override;
  /// Mode 0600. Commits come in between, each after at most some 3 ms, and while any do the copying
  /// leaves them nine tenths of the time, unless they write more than it copies.
  void backup(const std::string& target, const BackupWatch& watch = {}) override;
  void put_definition(const DefinitionPtr& definition) override;
  bool drop_definition(const Digest& digest) override;
  Purged purge(const PurgeSlice& slice) override;
  std::uint64_t release_space(std::uint64_t bytes_max) override;
  [[nodiscard]] std::vector<std::optional<SagaId>> key_holders(
      std::span<const BusinessKey> keys) override;
  void each_unfinished(const std::function<void(const SagaSummary&)>& visit) override;
  /// \throws Refused (wrong_state) when the store remembers another channel.
  [[nodiscard]] Position watermark(const std::string& channel) override;
  [[nodiscard]] Position last_position() override;
  [[nodiscard]] std::string engine_id() override;
  void serve_control(ControlHandler handler) override;
  void stop_control() override;

  /// Removes a quarantined message and answers it; nothing when there is none of that number.
  std::optional<QuarantinedMessage> take_quarantined(std::int64_t number);
  bool drop_quarantined(std::int64_t number) override {
    return take_quarantined(number).has_value();
  }
  /// What is wrong with the file, one sentence each; empty when it is sound. Reads everything.
  [[nodiscard]] std::vector<std::string> check();
  /// What an operator should know about the file, one sentence each: that another user owns it.
  [[nodiscard]] std::vector<std::string> cautions() const;
  /// Absolute, without symbolic links.
  [[nodiscard]] const std::string& path() const;

 private:
  class Body;
  std::unique_ptr<Body> body_;
};

}  // namespace skald
