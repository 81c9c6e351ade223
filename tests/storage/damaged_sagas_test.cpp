#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "any_saga.hpp"
#include "event_codec.hpp"
#include "raw_file.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

/// What other hands may have done to saga 1, the row numbered 1.
struct Damage {
  std::string sql;
  bool folds = false;  ///< Its journal can be read all the same.
  bool listed = true;  ///< Its row can still be told.
};

std::vector<Damage> damages() {
  std::vector<Damage> all;
  const auto in_journal = [&all](const std::string& change) {
    all.push_back({"UPDATE journal SET " + change + " WHERE saga = 1 AND version = 2"});
  };
  for (const char* body :
       {"NULL", "''", "x'00'", "x'0100000000'", "7", "'text'", "zeroblob(2000000)",
        "(SELECT body FROM journal WHERE saga = 2 AND version = 1)",
        "(SELECT body FROM journal WHERE saga = 1 AND version = 1)",
        "substr(body, 1, length(body) - 1)", "body || x'00'"}) {
    if (std::string(body) != "NULL") in_journal(fmt::format("body = {}", body));
  }
  for (const char* version : {"-1", "0", "7", "9223372036854775807", "'x'", "x'00ff'"}) {
    in_journal(fmt::format("version = {}", version));
  }
  for (const char* time : {"-9223372036854775808", "9223372036854775807", "'x'"}) {
    in_journal(fmt::format("at = {}", time));
  }
  all.push_back({"DELETE FROM journal WHERE saga = 1 AND version = 1"});
  all.push_back({"DELETE FROM journal WHERE saga = 1 AND version = 2"});
  all.push_back({"DELETE FROM journal WHERE saga = 1"});
  all.push_back({"UPDATE journal SET saga = 77 WHERE saga = 1"});
  const auto in_row = [&all](const std::string& change, bool listed = true) {
    all.push_back({"UPDATE sagas SET " + change + " WHERE n = 1", true, listed});
  };
  for (const char* status : {"-1", "7", "9223372036854775807", "'x'", "x'01ff'"}) {
    in_row(fmt::format("status = {}", status), false);
  }
  in_row("id = x'00'", false);
  in_row("id = zeroblob(100000)", false);
  in_row("version = 99");
  in_row("type = 'other'");
  in_row("type = x'00ff'");
  in_row("definition = x'00'");
  in_row("key = 'another'");
  in_row("status = 4");
  return all;
}

/// Saga 1, which is to be damaged, between two that are not.
void make_store(const std::string& path) {
  SqliteStore store(path);
  for (const std::uint64_t n : {1U, 2U, 3U}) {
    store.commit(start(with_key(n, std::to_string(n))));
    Batch batch;
    batch.appends = {append(n, 2), append(n, 3)};
    store.commit(batch);
  }
}

/// Runs `action`; a StoreError is an answer, too.
template <class Action>
bool answers(Action&& action) {
  try {
    action();
    return true;
  } catch (const StoreError& error) {
    CHECK((error.kind() == StoreError::Kind::corrupt || error.kind() == StoreError::Kind::newer));
    return false;
  }
}

void check_healthy(SqliteStore& store) {
  std::vector<SagaId> unfinished;
  store.each_unfinished([&](const SagaSummary& saga) { unfinished.push_back(saga.id); });
  for (const std::uint64_t n : {2U, 3U}) {
    CHECK(std::count(unfinished.begin(), unfinished.end(), saga_id(n)) == 1);
    CHECK(fold(store.journal(saga_id(n))).id == saga_id(n));
    CHECK(store.key_holder({"order", std::to_string(n)}) == saga_id(n));
    CHECK(store.last_version(saga_id(n)) == 3);
    Batch batch;
    batch.summaries = {ended(summary(n), Status::completed)};
    batch.summaries[0].version = 4;
    batch.appends = {end_of(n, 4)};
    store.commit(batch);
  }
  CHECK(store.list({}, {}, 9).size() >= 2);
  PurgeSlice everything;
  everything.ended_before = Time(Duration(2'000'000'000'000));
  CHECK(store.purge(everything).sagas == 2);
  CHECK(store.commit(start(summary(9))) > 0);
  CHECK(fold(store.journal(saga_id(9))).id == saga_id(9));
}

bool names(const std::vector<std::string>& problems, const std::string& what) {
  return std::any_of(problems.begin(), problems.end(), [&what](const std::string& problem) {
    return problem.find(what) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a damaged saga is named and refused by itself; the others are read, go on and end") {
  for (const Damage& damage : damages()) {
    CAPTURE(damage.sql);
    TemporaryFolder folder;
    const std::string path = folder.file("store.db");
    make_store(path);
    run_sql(path, damage.sql);
    const auto problems = SqliteReader(path).check();
    REQUIRE_FALSE(problems.empty());
    const bool orphan = damage.sql.find("saga = 77") != std::string::npos;
    if (damage.listed) CHECK(names(problems, saga_id(1).to_string()));
    if (!damage.listed) CHECK(names(problems, "row 1 of the table of sagas"));
    if (orphan) CHECK(names(problems, "belongs to no saga"));
    SqliteStore store(path);
    if (!damage.folds) {
      const auto read = [&] {
        const auto rows = store.journal(saga_id(1));
        if (!rows.empty()) static_cast<void>(fold(rows));
        return rows.size();
      };
      std::size_t count = 0;
      const bool answered = answers([&] { count = read(); });
      // Rows at the end that are gone altogether cannot be missed by the journal itself.
      CHECK((!answered || count == 0));
    }
    static_cast<void>(answers([&] { static_cast<void>(store.summary(saga_id(1))); }));
    check_healthy(store);
  }
}

TEST_CASE("no new row takes a number that is left of a lost one, or is beyond all numbers") {
  for (const char* sql :
       {"DELETE FROM sagas WHERE n = 3", "UPDATE sagas SET n = 0 WHERE n = 3",
        "UPDATE sagas SET n = -1 WHERE n = 3", "UPDATE journal SET saga = 4 WHERE saga = 3",
        "UPDATE sagas SET n = 9223372036854775807 WHERE n = 3",
        "UPDATE journal SET position = 9223372036854775807 WHERE saga = 3 AND version = 3",
        "UPDATE purged SET last_n = 9223372036854775807, last_position = 9223372036854775807"}) {
    CAPTURE(sql);
    TemporaryFolder folder;
    const std::string path = folder.file("store.db");
    make_store(path);
    run_sql(path, sql);
    for (const std::uint64_t n : {8U, 9U}) {  // Also after it was opened once more.
      SqliteStore store(path);
      CHECK(store.commit(start(summary(n))) > 0);
      CHECK(fold(store.journal(saga_id(n))).id == saga_id(n));
      CHECK(fold(store.journal(saga_id(1))).id == saga_id(1));
    }
  }
}

TEST_CASE("a saga whose number is beyond all numbers gives its key up before another takes it") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  make_store(path);
  run_sql(path, "UPDATE sagas SET n = 9223372036854775807 WHERE n = 3");
  SqliteStore store(path);
  Batch batch = start(with_key(8, "3"));
  batch.summaries.push_back(with_key(3, "3"));
  batch.summaries.back().holds_key = false;
  CHECK(store.commit(batch) > 0);
  CHECK(store.summary(saga_id(8))->holds_key);
  CHECK_FALSE(store.summary(saga_id(3))->holds_key);
}

TEST_CASE("a saga whose journal is damaged can be appended to, so that it can be ended") {
  for (const char* sql :
       {"UPDATE journal SET body = x'00' WHERE saga = 1", "DELETE FROM journal WHERE saga = 1",
        "DELETE FROM journal WHERE saga = 1 AND version < 3",
        "UPDATE journal SET version = 9223372036854775807 WHERE saga = 1 AND version = 3",
        "UPDATE journal SET version = -5 WHERE saga = 1 AND version = 2",
        "UPDATE journal SET version = 'x' WHERE saga = 1 AND version = 3"}) {
    CAPTURE(sql);
    TemporaryFolder folder;
    const std::string path = folder.file("store.db");
    make_store(path);
    run_sql(path, sql);
    SqliteStore store(path);
    const auto last = store.last_version(saga_id(1));
    REQUIRE(last);
    Batch batch;
    batch.summaries = {ended(summary(1), Status::abandoned)};
    batch.summaries[0].version = *last + 1;
    batch.appends = {{saga_id(1), *last + 1, at(9), {SagaAbandoned{}}}};
    store.commit(batch);
    CHECK(store.summary(saga_id(1))->status == Status::abandoned);
    CHECK(store.last_version(saga_id(1)) == *last + 1);
  }
}

TEST_CASE("whatever sound rows of other hands say, folding them answers or names the saga") {
  std::mt19937_64 random(14);
  const auto draw = [&random](std::uint64_t below) { return random() % below; };
  const auto any_step = [&] {
    const StepIndex steps[] = {0, 1, 63, 64, 130, 1000, 1'000'000, no_step - 1, no_step};
    return steps[draw(std::size(steps))];
  };
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    CAPTURE(seed);
    auto rows = any_journal(1, seed, 12);
    const auto change = [&]<typename E>(E& e) {
      if constexpr (std::is_same_v<E, SagaStarted>) {
        const std::uint32_t counts[] = {0, 1, 1000, 1001, UINT32_MAX};
        if (draw(2) == 0) e.step_count = counts[draw(std::size(counts))];
        if (draw(3) == 0) e.priority = static_cast<std::uint32_t>(draw(500));
        if (draw(3) == 0) e.carried = {{any_step(), {}}};
      }
      if constexpr (requires { e.plan; }) e.plan = {any_step(), any_step()};
      if constexpr (requires { e.cause.step; }) e.cause.step = any_step();
      if constexpr (requires { e.why.step; }) {
        e.why.step = any_step();
        e.why.resumes_to = static_cast<Status>(draw(status_count));
      }
      if constexpr (requires { e.step; }) e.step = any_step();
      if constexpr (requires { e.attempt.direction; }) {
        e.attempt.step = any_step();
        if (draw(4) == 0) e.attempt.attempt = UINT32_MAX;
      }
    };
    for (int changes = 0; changes < 3; ++changes) {
      auto& row = rows[draw(rows.size())];
      switch (draw(6)) {
        case 0: row.version += draw(3); break;
        case 1: rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(draw(rows.size()))); break;
        case 2:
          row.events.push_back(rows.front().events.empty() ? Event{} : rows.front().events[0]);
          break;
        default:
          if (!row.events.empty()) std::visit(change, row.events[draw(row.events.size())]);
      }
      if (rows.empty()) break;
    }
    // As stored and read back: the bytes are sound.
    for (JournalRow& row : rows) {
      std::string body;
      encode_body(saga_id(1), row.version, row.at, row.events, body);
      row.events = decode_body(saga_id(1), row.version, row.at, body);
    }
    try {
      const Saga saga = fold(rows);
      CHECK((rows.empty() || saga.id == saga_id(1)));
    } catch (const StoreError& error) {
      ++refused;
      CHECK(error.kind() == StoreError::Kind::corrupt);
      CHECK(std::string(error.what()).find("saga") != std::string::npos);
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("a snapshot that is damaged is not used, and one that is wrong is found") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  const auto rows = any_journal(1, 5, 20);
  {
    SqliteStore store(path);
    Batch batch = batch_of(1, rows);
    const auto& started = std::get<SagaStarted>(rows[0].events[0]);
    batch.summaries[0].type = started.type;
    batch.summaries[0].definition = started.definition;
    batch.summaries[0].key = started.key;
    const Saga saga = fold(rows);
    batch.summaries[0].status = saga.status;
    batch.snapshots = {snapshot_of(rows)};
    store.commit(batch);
    CHECK(store.check().empty());
  }
  SUBCASE("a flipped byte") {
    run_sql(path, "UPDATE snapshots SET state = x'01' || substr(state, 1)");
    CHECK_FALSE(SqliteReader(path).snapshot(saga_id(1)));
    CHECK(names(SqliteReader(path).check(), "damaged or of another version"));
  }
  SUBCASE("another version") {
    run_sql(path, "UPDATE snapshots SET version = 3");
    CHECK_FALSE(SqliteReader(path).snapshot(saga_id(1)));
    CHECK(names(SqliteReader(path).check(), saga_id(1).to_string()));
  }
  SUBCASE("sound bytes that do not say what the journal says") {
    {
      SqliteStore store(path);
      Batch batch;
      batch.snapshots = {snapshot_of(rows)};
      batch.snapshots[0].saga.paused = !batch.snapshots[0].saga.paused;
      store.commit(batch);
    }
    CHECK(names(SqliteReader(path).check(), "is not what its journal says"));
    CHECK(names(SqliteReader(path).check(), saga_id(1).to_string()));
  }
  SUBCASE("an older store has none") {
    run_sql(path, "DROP TABLE snapshots; PRAGMA user_version = 3");
    CHECK_FALSE(SqliteReader(path).snapshot(saga_id(1)));
    CHECK(SqliteReader(path).check().empty());
    SqliteStore store(path);
    Batch batch;
    batch.snapshots = {snapshot_of(rows)};
    store.commit(batch);
    CHECK(store.snapshot(saga_id(1)) == snapshot_of(rows));
  }
}

TEST_CASE("a path with a zero byte is refused, for a store and for a backup") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  const std::string cut = path + std::string("\0.txt", 5);
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteStore store(cut); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader reader(cut); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteStore store(""); });
  SqliteStore store(path);
  check_refused(StoreError::Kind::not_a_store, [&] { store.backup(cut); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader(path).backup(cut); });
  CHECK(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}
