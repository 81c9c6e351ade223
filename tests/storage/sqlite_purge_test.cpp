#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "child_process.hpp"
#include "faulty_vfs.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

constexpr std::uint64_t saga_count = 2'000;
const Time late = at(1'700'000'100'000);

/// Every tenth has not ended; a row holds 500 bytes.
void fill(SqliteStore& store) {
  Batch batch;
  for (std::uint64_t n = 1; n <= saga_count; ++n) {
    SagaSummary saga = n % 10 == 0 ? summary(n) : ended(summary(n), Status::completed);
    if (saga.ended_at) saga.ended_at = at(1'700'000'000'500);
    batch.summaries.push_back(saga);
    batch.appends.push_back(start_with_text(n, 500).appends[0]);
    batch.appends.push_back(saga.ended_at ? end_of(n, 2) : append(n, 2));
  }
  store.commit(batch);
}

std::uint64_t purge_and_release(SqliteStore& store) {
  std::uint64_t sagas = 0;
  PurgeSlice slice{late, {}, 100};
  do {
    const Purged part = store.purge(slice);
    sagas += part.sagas;
    slice.after = part.last;
  } while (!slice.after.empty());
  while (store.release_space(64 * 1024) > 0) {
  }
  return sagas;
}

}  // namespace

TEST_CASE("a purge gives the file's space back, and says beforehand what it would take") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore store(path); }
  const auto empty = std::filesystem::file_size(path);
  {
    SqliteStore store(path);
    fill(store);
  }
  const auto full = std::filesystem::file_size(path);
  REQUIRE(full > empty + 1'000'000);
  SqliteReader reader(path);
  const Purged planned = reader.rehearse_purge({late, {}, 10'000});
  CHECK(planned.sagas == 1'800);
  CHECK(planned.rows == 3'600);
  CHECK(planned.last.empty());
  CHECK(reader.count({}) == saga_count);
  {
    SqliteStore store(path);
    CHECK(purge_and_release(store) == 1'800);
    CHECK(store.release_space(1) == 0);
  }
  // A tenth is left, and what b-trees leave half full.
  CHECK(std::filesystem::file_size(path) < empty + (full - empty) / 4);
  CHECK(reader.count({}) == saga_count / 10);
  CHECK(reader.check().empty());
  SqliteStore store(path);
  CHECK(store.commit(start(summary(saga_count + 1))) == 2 * saga_count + 1);
}

TEST_CASE("counts by status are right after a purge, too") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  fill(store);
  SagaFilter completed;
  completed.statuses = {Status::completed};
  SagaFilter rest;
  rest.statuses = {Status::running, Status::stuck};
  CHECK(store.count(completed) == 1'800);
  CHECK(store.purge({late, {}, 100}).sagas == 90);
  CHECK(store.count(completed) == 1'710);
  CHECK(store.count(rest) == 200);
  CHECK(store.count({}) == 1'910);
}

TEST_CASE("check finds a saga that is gone without having been purged") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    fill(store);
    (void)purge_and_release(store);
    CHECK(store.check().empty());
  }
  sqlite3* file = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &file) == SQLITE_OK);
  const char* sql = "DELETE FROM journal WHERE saga = 10; DELETE FROM sagas WHERE n = 10";
  CHECK(sqlite3_exec(file, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(file);
  const auto problems = SqliteReader(path).check();
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] == "the journal lacks 2 positions");
  CHECK(problems[1] == "the store lacks 1 sagas");
}

TEST_CASE("killed anywhere in a purge, a store is sound, and the next purge goes on") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    fill(store);
  }
  std::uint64_t left = saga_count;
  int partly = 0;
  for (int kills = 0; left > saga_count / 10; ++kills) {
    REQUIRE(kills < 100);
    {
      ChildProcess child([&path](const ChildProcess::Parent& parent) {
        SqliteStore store(path);
        PurgeSlice slice{late, {}, 50};
        do {
          slice.after = store.purge(slice).last;
          parent.report("slice");
          (void)store.release_space(16 * 1024);
        } while (!slice.after.empty());
        parent.report("done");
      });
      // Without waiting for it: wherever the child is by then.
      // More than the slices in which only sagas are left that have not ended.
      const int lines = 1 + kills % 7;
      for (int i = 0; i < lines && child.line() == "slice"; ++i) {
      }
      child.kill();
    }
    SqliteStore store(path);
    CHECK(store.check().empty());
    const std::uint64_t now = store.count({});
    if (now < left && now > saga_count / 10) ++partly;
    CHECK(now <= left);
    left = now;
    CHECK(store.last_position() == 2 * saga_count);
  }
  CHECK(left == saga_count / 10);
  CHECK(partly > 5);
}

TEST_CASE("a purge that the disk refuses takes nothing, and works once there is room") {
  TemporaryFolder folder;
  FaultyVfs disk;
  SqliteStore store(folder.file("store.db"));
  fill(store);
  disk.fail({.operation = DiskOperation::write, .code = SQLITE_FULL}, files_ending_in("-wal"));
  check_refused(StoreError::Kind::full, [&] { static_cast<void>(store.purge({late, {}, 50})); });
  CHECK(disk.fired() > 0);
  disk.heal();
  CHECK(store.count({}) == saga_count);
  CHECK(store.journal(saga_id(1)).size() == 2);
  CHECK(purge_and_release(store) == 1'800);
  CHECK(store.check().empty());
}
