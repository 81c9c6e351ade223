#include "skald/sqlite_reader.hpp"

#include "backup.hpp"
#include "check_file.hpp"
#include "definition_table.hpp"
#include "files.hpp"
#include "open_store.hpp"
#include "purge_choice.hpp"
#include "queries.hpp"
#include "sqlite/transaction.hpp"

namespace skald {

class SqliteReader::Body {
 public:
  explicit Body(const std::string& path)
      : connection(open_to_read(canonical_path(path))),
        queries(*connection),
        definitions(*connection) {}

  std::unique_ptr<sqlite::Connection> connection;
  Queries queries;
  DefinitionTable definitions;
};

SqliteReader::SqliteReader(const std::string& path) : body_(std::make_unique<Body>(path)) {}
SqliteReader::~SqliteReader() = default;

std::optional<SagaSummary> SqliteReader::summary(const SagaId& id) {
  return body_->queries.summary(id);
}
std::vector<SagaId> SqliteReader::find_by_prefix(std::string_view prefix, std::size_t limit) {
  return body_->queries.find_by_prefix(prefix, limit);
}
std::vector<JournalRow> SqliteReader::journal(const SagaId& id, std::uint64_t after_version) {
  return body_->queries.journal(id, after_version);
}
std::optional<SagaSnapshot> SqliteReader::snapshot(const SagaId& id) {
  return body_->queries.snapshot(id);
}
std::optional<std::uint64_t> SqliteReader::last_version(const SagaId& id) {
  return body_->queries.last_version(id);
}
std::vector<SagaSummary> SqliteReader::list(const SagaFilter& filter, const Cursor& cursor,
                                            std::size_t limit) {
  return body_->queries.list(filter, cursor, limit);
}
std::uint64_t SqliteReader::count(const SagaFilter& filter) { return body_->queries.count(filter); }
DefinitionPtr SqliteReader::definition(const Digest& digest) {
  return body_->definitions.find(digest);
}
std::vector<DefinitionPtr> SqliteReader::definitions() { return body_->definitions.usable(); }
std::vector<UnusableDefinition> SqliteReader::unusable_definitions() {
  return body_->definitions.unusable();
}
std::vector<QuarantinedMessage> SqliteReader::quarantine(std::int64_t after, std::size_t limit) {
  return body_->queries.quarantine(after, limit);
}
std::map<std::string, std::string> SqliteReader::participant_states() {
  return body_->queries.participant_states();
}
std::string SqliteReader::engine_id() { return body_->queries.engine_id(); }
void SqliteReader::backup(const std::string& target) { backup_at_once(*body_->connection, target); }
Purged SqliteReader::rehearse_purge(const PurgeSlice& slice) {
  sqlite::Transaction one_state(*body_->connection, sqlite::Transaction::Kind::read);
  const auto choice = choose_for_purge(*this, slice, body_->queries.purge_candidates(slice));
  return {choice.sagas.size(), choice.rows, choice.last};
}
std::vector<std::string> SqliteReader::check() { return check_file(*body_->connection); }

}  // namespace skald
