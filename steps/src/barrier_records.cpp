#include "barrier_records.hpp"

#include <chrono>
#include <utility>

namespace skald {
namespace {

using barrier::Record;
using barrier::RecordState;

constexpr const char* create_table =
    "CREATE TABLE IF NOT EXISTS skald_barrier ("
    "key TEXT PRIMARY KEY, state TEXT NOT NULL, round INTEGER NOT NULL, output TEXT NOT NULL, "
    "error_code TEXT NOT NULL, error_message TEXT NOT NULL, error_data TEXT NOT NULL, "
    "owner TEXT NOT NULL, lease_until INTEGER NOT NULL, doubtful INTEGER NOT NULL, "
    "attempt INTEGER NOT NULL DEFAULT 0"
    ") WITHOUT ROWID";

// Tables from before `failed` was remembered.
constexpr const char* add_attempt =
    "ALTER TABLE skald_barrier ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0";

// What is pending until its late reply was sent: `due` once there is one.
constexpr const char* create_pending =
    "CREATE TABLE IF NOT EXISTS skald_pending ("
    "key TEXT PRIMARY KEY, attempt INTEGER NOT NULL, owner TEXT NOT NULL, reply_to TEXT NOT NULL, "
    "due INTEGER NOT NULL, outcome TEXT NOT NULL, output TEXT NOT NULL, error_code TEXT NOT NULL, "
    "error_message TEXT NOT NULL, error_data TEXT NOT NULL, retry_after INTEGER) WITHOUT ROWID; "
    "CREATE INDEX IF NOT EXISTS skald_pending_due ON skald_pending (key) WHERE due";

// Commands that were taken up again after their lease, and answered otherwise.
constexpr const char* superseded =
    " FROM skald_pending WHERE NOT due AND NOT EXISTS (SELECT 1 FROM skald_barrier AS b "
    "WHERE b.key = skald_pending.key AND b.state = 'working' AND b.owner = skald_pending.owner)";

sqlite3* with_table(sqlite3* database) {
  // Looking first keeps a second process from waiting for the write lock at every start.
  constexpr const char* has_table = "SELECT 1 FROM sqlite_schema WHERE name = 'skald_barrier'";
  constexpr const char* has_attempt =
      "SELECT 1 FROM pragma_table_info('skald_barrier') WHERE name = 'attempt'";
  constexpr const char* has_pending =
      "SELECT 1 FROM sqlite_schema WHERE name = 'skald_pending_due'";
  const std::string any_superseded = std::string("SELECT 1") + superseded + " LIMIT 1";
  if (query_integer(database, has_table) && query_integer(database, has_attempt) &&
      query_integer(database, has_pending) && !query_integer(database, any_superseded)) {
    return database;
  }
  SqlTransaction alone(database);
  run_script(database, create_table);
  if (!query_integer(database, has_attempt)) run_script(database, add_attempt);
  run_script(database, create_pending);
  run_script(database, std::string("DELETE") + superseded);
  alone.commit();
  return database;
}

RecordState state_of(OutcomeKind kind) {
  if (kind == OutcomeKind::success) return RecordState::success;
  return kind == OutcomeKind::rejected ? RecordState::rejected : RecordState::failed;
}

// A resolve keeps nothing of its own: what it finds out is the action's.
std::string kept_under(const HandlerCall& call) {
  return call.direction() == Direction::resolve ? call.action_key() : call.idempotency_key();
}

}  // namespace

Barrier::Records::Records(sqlite3* database)
    : database_(with_table(database)),
      insert_(
          database_,
          "INSERT INTO skald_barrier VALUES (?, 'working', ?, 'null', '', '', 'null', ?, ?, 0, 0) "
          "ON CONFLICT (key) DO NOTHING"),
      find_(database_,
            "SELECT state, round, output, error_code, error_message, error_data, owner, "
            "lease_until, doubtful, attempt FROM skald_barrier WHERE key = ?"),
      put_(database_,
           "INSERT OR REPLACE INTO skald_barrier VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      savepoint_(database_) {}

barrier::Verdict Barrier::Records::judge(const HandlerCall& call, bool can_ask, Time now,
                                         bool* in_doubt) {
  std::optional<Record> own;
  std::optional<Record> action;
  if (call.direction() != Direction::resolve) own = find(call.idempotency_key());
  if (call.direction() != Direction::action) action = find(call.action_key());
  if (in_doubt != nullptr) {
    const auto& kept = call.direction() == Direction::resolve ? action : own;
    *in_doubt = kept && kept->state == RecordState::working;
  }
  return barrier::judge({call.direction(), call.round(), call.attempt(), can_ask}, own, action,
                        now);
}

bool Barrier::Records::claim(const HandlerCall& call, const std::string& owner, Time lease_until) {
  const std::string key = kept_under(call);
  const std::int64_t until = lease_until.time_since_epoch().count();
  if (run_sql(database_, insert_.bind(key, call.round(), owner, until)) == 1) return false;
  Record record = find(key).value();
  record.doubtful =
      record.state == RecordState::working && (record.owner != owner || record.doubtful);
  record.state = RecordState::working;
  record.round = call.round();
  record.owner = owner;
  record.lease_until = lease_until;
  put(key, record);
  return record.doubtful;
}

bool Barrier::Records::is_claimed_by(const HandlerCall& call, const std::string& owner) {
  const auto record = find(kept_under(call));
  return record && record->state == RecordState::working && record->owner == owner;
}

void Barrier::Records::bar_in_doubt(const HandlerCall& call) { bar(call, true); }

void Barrier::Records::remember(const HandlerCall& call, const Outcome& outcome) {
  Record record;
  record.state = state_of(outcome.kind);
  record.round = call.round();
  record.attempt = call.attempt();
  record.output = outcome.output;
  record.error = outcome.error;
  if (call.direction() == Direction::resolve && record.state == RecordState::rejected) {
    bar(call, false);
    return;
  }
  put(kept_under(call), record);
  if (call.direction() != Direction::compensate || record.state != RecordState::success) return;
  const auto action = find(call.action_key());
  if (!action || action->state != RecordState::success) bar(call, false);
}

void Barrier::Records::conclude(const HandlerCall& call, const Outcome& outcome) {
  if (call.direction() == Direction::compensate) {
    remember(call, outcome);
  } else {
    bar(call, false);
  }
}

void Barrier::Records::bar(const HandlerCall& call, bool doubtful) {
  Record record;
  record.state = RecordState::barred;
  record.round = call.round();
  record.doubtful = doubtful;
  put(call.action_key(), record);
}

std::optional<Record> Barrier::Records::find(const std::string& key) {
  // A row that is left half read would keep the database locked, beyond the transaction's end.
  struct Reset {
    SqlStatement& statement;
    ~Reset() { statement.reset(); }
  } reset{find_};
  std::optional<Record> found;
  if (find_.bind(key).step()) {
    const auto state = barrier::parse_record_state(find_.text(0));
    if (!state) throw ParticipantError("unknown state in skald_barrier: " + find_.text(0), false);
    found.emplace();
    found->state = *state;
    found->round = static_cast<std::uint32_t>(find_.integer(1));
    found->output = JsonText::trusted(find_.text(2));
    found->error = {find_.text(3), find_.text(4), JsonText::trusted(find_.text(5))};
    found->owner = find_.text(6);
    found->lease_until = Time{Duration{find_.integer(7)}};
    found->doubtful = find_.integer(8) != 0;
    found->attempt = static_cast<std::uint32_t>(find_.integer(9));
  }
  return found;
}

void Barrier::Records::put(const std::string& key, const Record& record) {
  put_.bind(key, std::string_view(to_string(record.state)), record.round, record.output.text(),
            record.error.code, record.error.message, record.error.data.text(), record.owner,
            record.lease_until.time_since_epoch().count(), record.doubtful ? 1 : 0, record.attempt);
  run_sql(database_, put_);
}

}  // namespace skald
