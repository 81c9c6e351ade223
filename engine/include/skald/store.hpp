// The store port: where sagas live.
//
// The journal is the truth: one appended row per decision, holding all its events. A saga's summary
// row is a projection at a stated version, written only when something that operators filter by has
// changed. `tests/storage/conformance` is the contract in executable form; every store passes it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skald/definition.hpp"
#include "skald/filter.hpp"
#include "skald/journal.hpp"
#include "skald/saga.hpp"

namespace skald {

/// A message that could not be used, kept for a person to look at.
struct QuarantinedMessage {
  std::int64_t number = 0;  ///< Given by the store.
  Time at{};
  std::string channel;  ///< `amqp`, …
  std::string reason;   ///< `BAD_JSON`, `UNKNOWN_SAGA`, `CONTRADICTION`, …
  std::string detail;   ///< One sentence for people.
  std::string saga;     ///< Text of the id it names; may be anything, may be empty.
  std::string headers;  ///< JSON object of its metadata, as text.
  std::string body;     ///< Raw bytes, cut at the body limit.
  std::string step{};   ///< Name of the step that it names, if any. Not stored.
};

/// A stored definition that cannot be used: its row is damaged, or this version of Skald refuses
/// it. The others are not affected.
struct UnusableDefinition {
  Digest digest;              ///< What drop_definition() takes.
  std::string type;           ///< As the row says, in valid UTF-8.
  std::uint32_t version = 0;  ///< As the row says; 0 when that is no version.
  std::string problem;        ///< Why it cannot be used.
};

/// What a service calls a saga by: unique among the sagas of its type that hold one.
struct BusinessKey {
  std::string type;  ///< Of the saga.
  std::string key;
  friend auto operator<=>(const BusinessKey&, const BusinessKey&) = default;
};

/// Everything that one transaction writes.
struct Batch {
  std::vector<JournalAppend> appends;  ///< Get consecutive positions in this order.
  std::vector<SagaSummary> summaries;  ///< Inserted, or replace the row of the same id.
  std::vector<QuarantinedMessage> quarantined;
  std::map<std::string, Position> watermarks;  ///< By channel name.
  /// Where participants stand with their policies, by name; each replaces what was there.
  std::map<std::string, std::string> participants;
  /// At most one of a saga, true at the version that the batch brings it to; replaces the last one.
  std::vector<SagaSnapshot> snapshots;
  [[nodiscard]] bool empty() const {
    return appends.empty() && summaries.empty() && quarantined.empty() && watermarks.empty() &&
           participants.empty() && snapshots.empty();
  }
};

/// A page of summaries, newest first, starts after this one.
struct Cursor {
  SagaId after;  ///< Empty: from the newest.
};

/// One slice of a purge, which takes ended sagas out of the store, oldest first.
struct PurgeSlice {
  Time ended_before{};          ///< Only what ended before this.
  SagaId after{};               ///< Goes on behind this saga; empty: from the oldest.
  std::size_t sagas_max = 500;  ///< So many are looked at; families go whole, if that be more.
};
/// What a slice took.
struct Purged {
  std::uint64_t sagas = 0;
  std::uint64_t rows = 0;  ///< Of their journals.
  SagaId last{};           ///< Where the next slice goes on; empty: nothing is left to look at.
};

/// Reading. Every call sees one consistent state of the store, of its own. \throws StoreError
class StoreReader {
 public:
  virtual ~StoreReader() = default;

  [[nodiscard]] virtual std::optional<SagaSummary> summary(const SagaId& id) = 0;
  /// Ids that begin with `prefix` (of the 36-character form), at most `limit`, in order of id.
  [[nodiscard]] virtual std::vector<SagaId> find_by_prefix(std::string_view prefix,
                                                           std::size_t limit) = 0;
  /// The rows of a saga's journal with a version above `after_version`, in order of version; empty
  /// when there are none or the saga is not known. \throws StoreError (corrupt) that names the saga
  /// and the version when one of these rows is damaged or missing.
  [[nodiscard]] virtual std::vector<JournalRow> journal(const SagaId& id,
                                                        std::uint64_t after_version = 0) = 0;
  /// The newest snapshot of a saga: journal(id, snapshot.saga.version) has the rows since. Nothing
  /// when there is none that can be used: damaged ones, and those of another version of Skald, do
  /// not count.
  [[nodiscard]] virtual std::optional<SagaSnapshot> snapshot(const SagaId& id) = 0;
  /// The highest version of a saga's rows, whatever state they are in: the next append is one
  /// above. 0 when it has no rows; nothing when the saga is not known.
  [[nodiscard]] virtual std::optional<std::uint64_t> last_version(const SagaId& id) = 0;
  /// Summaries that match what a summary can answer (matches_summary()), newest id first. Ids begin
  /// with the time of the start (SagaId::make()), and times are looked for by them.
  [[nodiscard]] virtual std::vector<SagaSummary> list(const SagaFilter& filter,
                                                      const Cursor& cursor, std::size_t limit) = 0;
  /// How many summaries match, by matches_summary().
  [[nodiscard]] virtual std::uint64_t count(const SagaFilter& filter) = 0;
  /// Null when the store holds no such definition. \throws StoreError (corrupt) that names type,
  /// version and problem when it holds one that cannot be used.
  [[nodiscard]] virtual DefinitionPtr definition(const Digest& digest) = 0;
  /// All stored definitions that can be used, by type, then version.
  [[nodiscard]] virtual std::vector<DefinitionPtr> definitions() = 0;
  /// All others, in the same order.
  [[nodiscard]] virtual std::vector<UnusableDefinition> unusable_definitions() = 0;
  /// Quarantined messages, oldest first.
  [[nodiscard]] virtual std::vector<QuarantinedMessage> quarantine(std::int64_t after,
                                                                   std::size_t limit) = 0;
  /// What batches said of participants last, by name: texts that mean nothing to the store.
  [[nodiscard]] virtual std::map<std::string, std::string> participant_states() = 0;
};

/// How far a backup has come. The store may grow meanwhile.
struct BackupProgress {
  std::uint64_t bytes = 0;
  std::uint64_t of = 0;
};
/// Is told now and then; false breaks the backup off.
using BackupWatch = std::function<bool(const BackupProgress&)>;

/// Answers one request of the control socket: JSON text in, JSON text out. Called from several
/// threads; never throws.
using ControlHandler = std::function<std::string(std::string_view request)>;

/// Writing, by the store's one owner. One thread at a time, but for tidy(), backup() and
/// key_holders().
class Store : public StoreReader {
 public:
  /// Writes the whole batch in one transaction, durable on return, and answers the position of its
  /// first append (the last position when there is none). Nothing of it is stored when it throws.
  /// A version that is not the saga's next, or a second holder of a key, is a bug and throws
  /// StoreError::failed. A disk that is full throws StoreError::full, and the store goes on.
  virtual Position commit(const Batch& batch) = 0;

  /// Does work on the store that need not hold up whoever waits for a commit: call it when that
  /// has been told. What is due is done before the next commit otherwise. Any thread, at any time;
  /// throws nothing: what fails here fails the next commit.
  virtual void tidy() {}

  /// Copies the store, as it is at the end, to a new file, which is there whole or not at all; the
  /// owner may do whatever else it likes meanwhile. `watch` may be empty. Any thread, at any time.
  /// \throws StoreError, also when `target` exists, when `watch` breaks it off, or when there is
  /// nothing that could be copied.
  virtual void backup(const std::string& target, const BackupWatch& watch) = 0;

  /// Keeps a definition; storing the same one again changes nothing, or repairs its row when that
  /// is damaged. \throws Refused: wrong_state for another digest under a type and version that
  /// sagas have used; invalid for a definition whose normal form parse_definition() would refuse.
  virtual void put_definition(const DefinitionPtr& definition) = 0;
  /// Removes a definition, usable or not; false when there is none of this digest.
  /// \throws Refused (wrong_state) that names a saga while sagas use it, ended ones included.
  virtual bool drop_definition(const Digest& digest) = 0;

  /// Removes a quarantined message; false when there is none of that number.
  virtual bool drop_quarantined(std::int64_t number) = 0;

  /// Takes sagas that ended before a time away for good, with their journals, in one transaction.
  /// One stays while it has a parent in the store, while a saga of its family has not ended so long
  /// ago, or while one that it replays, or that replays it, has not. Its business key is free then.
  virtual Purged purge(const PurgeSlice& slice) = 0;
  /// Gives at most so many bytes that purges left unused back to the file system, and answers how
  /// many are left. What is not given back is used for new sagas.
  virtual std::uint64_t release_space(std::uint64_t bytes_max) = 0;

  /// The sagas that hold these business keys, ended or not, in the order of the keys; nothing where
  /// there is none. One state of the store; while another thread is in commit(), the one before it
  /// or the one after.
  [[nodiscard]] virtual std::vector<std::optional<SagaId>> key_holders(
      std::span<const BusinessKey> keys) = 0;
  [[nodiscard]] std::optional<SagaId> key_holder(const BusinessKey& key) {
    return key_holders({&key, 1}).front();
  }
  /// Calls back for every saga that has not ended, oldest first, whatever state its journal is in.
  /// The callback may read the store.
  virtual void each_unfinished(const std::function<void(const SagaSummary&)>& visit) = 0;
  /// Up to this position, every command that was issued had been confirmed by the channel; 0 at
  /// first. `<channel>:closed` is another mark of the same channel. A store that outlives its
  /// process keeps the first channel that left a mark. \throws Refused (wrong_state) for others
  [[nodiscard]] virtual Position watermark(const std::string& channel) = 0;
  /// Position of the last row, 0 when the journal is empty.
  [[nodiscard]] virtual Position last_position() = 0;
  /// Names this engine on the wire; made when the store was created and kept.
  [[nodiscard]] virtual std::string engine_id() = 0;

  /// Answers requests from other processes from now on, or until stop_control(). A store that
  /// other processes cannot reach does nothing.
  virtual void serve_control(ControlHandler handler) = 0;
  /// Returns once no request is being answered any more.
  virtual void stop_control() = 0;
};

}  // namespace skald
