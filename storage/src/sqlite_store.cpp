#include "skald/sqlite_store.hpp"

#include <mutex>

#include "backup.hpp"
#include "batch_writer.hpp"
#include "channel_record.hpp"
#include "check_file.hpp"
#include "control_server.hpp"
#include "definition_table.hpp"
#include "key_reader.hpp"
#include "owned_file.hpp"
#include "purge_choice.hpp"
#include "queries.hpp"
#include "skald/crash_point.hpp"
#include "store_files.hpp"
#include "store_rules.hpp"
#include "turn_mutex.hpp"

namespace skald {

namespace {

/// Makes the writer forget what it wrote, whatever the exception, unless it became durable.
class WriterGuard {
 public:
  explicit WriterGuard(BatchWriter& writer) : writer_(writer) {}
  ~WriterGuard() {
    if (!committed_) writer_.rolled_back();
  }
  WriterGuard(const WriterGuard&) = delete;
  WriterGuard& operator=(const WriterGuard&) = delete;
  void committed() {
    writer_.committed();
    committed_ = true;
  }

 private:
  BatchWriter& writer_;
  bool committed_ = false;
};

}  // namespace

class SqliteStore::Body {
 public:
  Body(const std::string& path, const SqliteOptions& options)
      : file(path, options),
        queries(file.connection()),
        definitions(file.connection()),
        writer(file.connection()),
        channel(file.connection(), options.take_over_channel),
        keys(file.path()) {}

  /// Everything that uses the owner's connection does so in its turn.
  [[nodiscard]] std::unique_lock<TurnMutex> take_turn() {
    file.require_mine();  // In a forked child nobody may be left to give it back.
    return std::unique_lock(turn);
  }

  TurnMutex turn;
  OwnedFile file;
  Queries queries;
  DefinitionTable definitions;
  BatchWriter writer;
  ChannelRecord channel;
  KeyReader keys;
  std::unique_ptr<ControlServer> control;
};

SqliteStore::SqliteStore(const std::string& path, const SqliteOptions& options)
    : body_(std::make_unique<Body>(path, options)) {}

SqliteStore::~SqliteStore() {
  // In a forked child neither the file nor the control threads are there to be closed: closing
  // would checkpoint under the parent's feet. The memory goes with the child.
  if (!body_->file.mine()) static_cast<void>(body_.release());
  crash_point(CrashPoint::store_closing);
}

Position SqliteStore::commit(const Batch& batch) {
  const auto turn = body_->take_turn();
  if (batch.empty()) return body_->writer.last_position();
  BatchWriter& writer = body_->writer;
  WriterGuard guard(writer);
  Position first = 0;
  body_->file.write([&] {
    if (!batch.watermarks.empty()) body_->channel.claim(batch.watermarks.begin()->first);
    first = writer.write(batch);
  });
  guard.committed();
  if (!batch.watermarks.empty()) body_->channel.committed();
  return first;
}

void SqliteStore::put_definition(const DefinitionPtr& definition) {
  const auto turn = body_->take_turn();
  body_->file.write([&] { body_->definitions.put(*definition); });
  body_->writer.forget_definitions();
}

bool SqliteStore::drop_definition(const Digest& digest) {
  const auto turn = body_->take_turn();
  bool dropped = false;
  body_->file.write([&] { dropped = body_->definitions.drop(digest); });
  body_->writer.forget_definitions();
  return dropped;
}

Purged SqliteStore::purge(const PurgeSlice& slice) {
  const auto turn = body_->take_turn();
  BatchWriter& writer = body_->writer;
  WriterGuard guard(writer);
  PurgeChoice choice;
  body_->file.write([&] {
    choice = choose_for_purge(*this, slice, body_->queries.purge_candidates(slice));
    if (!choice.sagas.empty()) writer.remove(choice.sagas, choice.rows);
  });
  guard.committed();
  return {choice.sagas.size(), choice.rows, choice.last};
}

std::uint64_t SqliteStore::release_space(std::uint64_t bytes_max) {
  const auto turn = body_->take_turn();
  return body_->file.release_space(bytes_max);
}

std::optional<QuarantinedMessage> SqliteStore::take_quarantined(std::int64_t number) {
  const auto turn = body_->take_turn();
  std::optional<QuarantinedMessage> taken;
  body_->file.write([&] {
    auto messages = body_->queries.quarantine(number - 1, 1);
    if (messages.empty() || messages.front().number != number) return;
    sqlite::Statement remove(body_->file.connection(), "DELETE FROM quarantine WHERE number = ?");
    remove.bind(1, number);
    remove.run();
    taken = std::move(messages.front());
  });
  body_->writer.recount_quarantine();
  return taken;
}

void SqliteStore::serve_control(ControlHandler handler) {
  body_->control.reset();
  body_->control = std::make_unique<ControlServer>(body_->file.path(), std::move(handler));
}

void SqliteStore::stop_control() { body_->control.reset(); }

std::optional<SagaSummary> SqliteStore::summary(const SagaId& id) {
  const auto turn = body_->take_turn();
  return body_->queries.summary(id);
}
std::vector<SagaId> SqliteStore::find_by_prefix(std::string_view prefix, std::size_t limit) {
  const auto turn = body_->take_turn();
  return body_->queries.find_by_prefix(prefix, limit);
}
std::vector<JournalRow> SqliteStore::journal(const SagaId& id, std::uint64_t after_version) {
  const auto turn = body_->take_turn();
  return body_->queries.journal(id, after_version);
}
std::optional<SagaSnapshot> SqliteStore::snapshot(const SagaId& id) {
  const auto turn = body_->take_turn();
  return body_->queries.snapshot(id);
}
std::optional<std::uint64_t> SqliteStore::last_version(const SagaId& id) {
  const auto turn = body_->take_turn();
  return body_->queries.last_version(id);
}
std::vector<SagaSummary> SqliteStore::list(const SagaFilter& filter, const Cursor& cursor,
                                           std::size_t limit) {
  const auto turn = body_->take_turn();
  return body_->queries.list(filter, cursor, limit);
}
std::uint64_t SqliteStore::count(const SagaFilter& filter) {
  const auto turn = body_->take_turn();
  return body_->queries.count(filter);
}
DefinitionPtr SqliteStore::definition(const Digest& digest) {
  const auto turn = body_->take_turn();
  return body_->definitions.find(digest);
}
std::vector<DefinitionPtr> SqliteStore::definitions() {
  const auto turn = body_->take_turn();
  return body_->definitions.usable();
}
std::vector<UnusableDefinition> SqliteStore::unusable_definitions() {
  const auto turn = body_->take_turn();
  return body_->definitions.unusable();
}
std::vector<QuarantinedMessage> SqliteStore::quarantine(std::int64_t after, std::size_t limit) {
  const auto turn = body_->take_turn();
  return body_->queries.quarantine(after, limit);
}
std::map<std::string, std::string> SqliteStore::participant_states() {
  const auto turn = body_->take_turn();
  return body_->queries.participant_states();
}
std::vector<std::optional<SagaId>> SqliteStore::key_holders(std::span<const BusinessKey> keys) {
  body_->file.require_mine();
  return body_->keys.holders(keys);
}
void SqliteStore::each_unfinished(const std::function<void(const SagaSummary&)>& visit) {
  const auto turn = body_->take_turn();
  body_->queries.each_unfinished(visit);
}
Position SqliteStore::watermark(const std::string& channel) {
  const auto turn = body_->take_turn();
  body_->channel.require(channel);
  return body_->queries.watermark(channel);
}
Position SqliteStore::last_position() {
  const auto turn = body_->take_turn();
  return body_->writer.last_position();
}
std::string SqliteStore::engine_id() {
  const auto turn = body_->take_turn();
  return body_->queries.engine_id();
}
void SqliteStore::tidy() {
  if (!body_->file.mine()) return;
  const auto turn = body_->take_turn();
  body_->file.tidy();
}
void SqliteStore::backup(const std::string& target, const BackupWatch& watch) {
  body_->file.require_mine();
  backup_in_slices(body_->file.connection(), body_->turn, target, watch);
}
std::vector<std::string> SqliteStore::check() {
  const auto turn = body_->take_turn();
  return check_file(body_->file.connection());
}
std::vector<std::string> SqliteStore::cautions() const {
  return store_cautions(body_->file.path());
}
const std::string& SqliteStore::path() const { return body_->file.path(); }

}  // namespace skald
