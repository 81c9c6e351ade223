#include <doctest/doctest.h>
#include <sqlite3.h>

#include <optional>
#include <string>

#include "faulty_vfs.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

const DiskFault broken_sync{.operation = DiskOperation::sync, .code = SQLITE_IOERR_FSYNC};
const DiskFault broken_write{.operation = DiskOperation::write, .code = SQLITE_IOERR_WRITE};
const DiskFault no_space{.operation = DiskOperation::write, .code = SQLITE_FULL};

Batch large_start(std::uint64_t number) {
  Batch batch = start(summary(number));
  batch.appends[0].events.push_back(append(number, 1, std::string(6'000'000, 'x')).events[0]);
  return batch;
}

}  // namespace

TEST_CASE("after a failed fsync or write nothing more is written, though the disk be well again") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  FaultyVfs disk;
  std::optional<SqliteStore> store(std::in_place, path);
  store->commit(start(summary(1)));
  SUBCASE("fsync") { disk.fail(broken_sync, files_ending_in("-wal")); }
  SUBCASE("write") { disk.fail(broken_write, files_ending_in("-wal")); }
  check_refused(StoreError::Kind::failed, [&] { store->commit(start(summary(2))); });
  CHECK(disk.fired() == 1);
  disk.heal();
  check_refused(StoreError::Kind::failed, [&] { store->commit(start(summary(3))); });
  check_refused(StoreError::Kind::failed, [&] { store->put_definition(definition("order", 1)); });
  CHECK(store->summary(saga_id(1)));
  store.reset();
  store.emplace(path);
  CHECK(store->summary(saga_id(1)));
  CHECK_FALSE(store->summary(saga_id(3)));
  CHECK(store->check().empty());
  const bool second_survived = store->summary(saga_id(2)).has_value();
  CHECK(store->commit(start(summary(4))) == (second_survived ? 3 : 2));
}

TEST_CASE("a checkpoint that fails keeps the commit before it and refuses those after it") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  FaultyVfs disk;
  std::optional<SqliteStore> store(std::in_place, path);
  store->commit(large_start(1));
  store->commit(large_start(2));
  disk.fail(broken_sync, files_ending_in("store.db"));
  CHECK(store->commit(large_start(3)) == 3);
  SUBCASE("when the store is tidied up") {
    store->tidy();
    REQUIRE(disk.fired() > 0);
    disk.heal();
    check_refused(StoreError::Kind::failed, [&] { store->commit(start(summary(4))); });
  }
  SUBCASE("before the next commit, if nobody tidied up") {
    check_refused(StoreError::Kind::failed, [&] { store->commit(start(summary(4))); });
    REQUIRE(disk.fired() > 0);
    disk.heal();
  }
  store.reset();
  store.emplace(path);
  CHECK(store->last_position() == 3);
  CHECK(store->check().empty());
}

TEST_CASE(
    "a disk without space is no failure: reads work, and writes do again once there is room") {
  TemporaryFolder folder;
  FaultyVfs disk;
  SqliteStore store(folder.file("store.db"));
  store.commit(start(summary(1)));
  disk.fail(no_space, files_ending_in("-wal"));
  check_refused(StoreError::Kind::full, [&] { store.commit(start(summary(2))); });
  CHECK(disk.fired() > 0);
  CHECK(store.count({}) == 1);
  check_refused(StoreError::Kind::full, [&] { store.commit(start(summary(2))); });
  disk.heal();
  CHECK(store.commit(start(summary(2))) == 2);
  SUBCASE("also when a checkpoint met it") {
    disk.fail(no_space, files_ending_in("store.db"));
    store.commit(large_start(3));
    store.commit(large_start(4));
    CHECK(store.commit(large_start(5)) == 5);
    store.tidy();
    CHECK(disk.fired() > 0);
    disk.heal();
    CHECK(store.commit(start(summary(6))) == 6);
  }
  CHECK(store.check().empty());
}
