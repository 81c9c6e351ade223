#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "raw_file.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

TEST_CASE("a store's files are for its user's eyes only") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.commit(start(summary(1)));
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat found {};
    REQUIRE(::stat(folder.file(std::string("store.db") + suffix).c_str(), &found) == 0);
    CAPTURE(suffix);
    CHECK((found.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a path without a store is refused and left as it is, unless one is to be created") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  check_refused(StoreError::Kind::not_a_store,
                [&] { SqliteStore store(path, {.must_exist = true}); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader reader(path); });
  CHECK(std::filesystem::is_empty(folder.path()));
  check_refused(StoreError::Kind::not_a_store,
                [&] { SqliteStore store(folder.file("no/such/folder.db")); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteStore store(folder.path().string()); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader store(folder.path().string()); });
  { SqliteStore store(path); }
  SqliteStore again(path, {.must_exist = true});
}

TEST_CASE("other programs' files are refused and left as they are") {
  TemporaryFolder folder;
  const std::string path = folder.file("theirs");
  SUBCASE("a SQLite file") { run_sql(path, "CREATE TABLE theirs (a)"); }
  SUBCASE("a SQLite file with a WAL") {
    run_sql(path, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)");
  }
  SUBCASE("a SQLite file that says whose it is") {
    run_sql(path, "PRAGMA application_id = 7; PRAGMA user_version = 1");
  }
  SUBCASE("no SQLite file") { std::ofstream(path) << std::string(5000, 'x'); }
  SUBCASE("a short text") { std::ofstream(path) << "hello"; }
  const std::string before = content(path);
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteStore store(path); });
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader reader(path); });
  CHECK(content(path) == before);
}

TEST_CASE("a file that a crash left empty becomes a store") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  SUBCASE("no bytes") { std::ofstream file(path); }
  SUBCASE("a header") { run_sql(path, "PRAGMA auto_vacuum = 2; PRAGMA journal_mode = WAL"); }
  check_refused(StoreError::Kind::not_a_store, [&] { SqliteReader reader(path); });
  SqliteStore store(path);
  CHECK(store.commit(start(summary(1))) == 1);
}

TEST_CASE("a store that was cut off to nothing is not taken for a new one") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    store.commit(start(summary(1)));
  }
  SUBCASE("nothing is left") { std::filesystem::resize_file(path, 0); }
  SUBCASE("a few bytes are left") { std::filesystem::resize_file(path, 20); }
  check_refused(StoreError::Kind::corrupt, [&] { SqliteStore store(path); });
  CHECK(std::filesystem::file_size(path) < 512);
}

TEST_CASE("a store of a newer version is refused and left as it is") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore store(path); }
  run_sql(path, "PRAGMA user_version = 5");
  const std::string before = content(path);
  check_refused(StoreError::Kind::newer, [&] { SqliteStore store(path); });
  check_refused(StoreError::Kind::newer, [&] { SqliteReader reader(path); });
  CHECK(content(path) == before);
}

TEST_CASE("a store of the first version is read as it is, and brought up to date by its owner") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    store.commit(start(summary(1)));
  }
  run_sql(path,
          "DROP TABLE participants; DROP TABLE purged; DROP TABLE snapshots; "
          "DROP INDEX sagas_by_type; "
          "PRAGMA user_version = 1");
  {
    SqliteReader reader(path);
    SagaFilter orders;
    orders.types = {"order"};
    CHECK(reader.list(orders, {}, 9).size() == 1);
    CHECK(reader.count({}) == 1);
    CHECK(reader.check().empty());
    CHECK(reader.participant_states().empty());
    CHECK(reader.summary(saga_id(1)));
  }
  SqliteStore store(path);
  Batch batch;
  batch.participants = {{"inventory", "a"}};
  store.commit(batch);
  CHECK(store.participant_states().size() == 1);
  CHECK(store.journal(saga_id(1)).size() == 1);
}

TEST_CASE("damage is found and said, never read as if it were sound") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    store.commit(start_with_text(1, 100));
    store.commit(start_with_text(2, 100));
    CHECK(store.check().empty());
  }
  SUBCASE("a flipped byte in a journal row") {
    const std::size_t text = content(path).find(std::string(100, 'x'));
    REQUIRE(text != std::string::npos);
    overwrite(path, text + 50, "y");
    SqliteReader reader(path);
    check_refused(StoreError::Kind::corrupt, [&] {
      static_cast<void>(reader.journal(saga_id(1)));
      static_cast<void>(reader.journal(saga_id(2)));
    });
    REQUIRE(reader.check().size() == 1);
    CHECK(reader.check()[0].find("damaged") != std::string::npos);
  }
  SUBCASE("broken pages") {
    overwrite(path, 4096, std::string(content(path).size() - 4096, '\x5a'));
    check_refused(StoreError::Kind::corrupt, [&] {
      SqliteStore store(path);
      static_cast<void>(store.summary(saga_id(1)));
    });
  }
  SUBCASE("a row that is gone, and one that belongs to nobody") {
    run_sql(path, "DELETE FROM sagas WHERE n = 2; DELETE FROM journal WHERE saga = 1");
    SqliteReader reader(path);
    const auto problems = reader.check();
    REQUIRE(problems.size() == 3);
    CHECK(problems[1].find("belongs to no saga") != std::string::npos);
    CHECK(problems[0].find("no journal") != std::string::npos);
    CHECK(problems[2] == "the journal lacks 1 positions");
  }
}

TEST_CASE("a full disk refuses a batch whole, and the store goes on once there is room") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path, {.size_limit = 256 * 1024});
    std::uint64_t stored = 0;
    check_refused(StoreError::Kind::full, [&] {
      for (; stored < 100; ++stored) store.commit(start_with_text(stored + 1, 10'000));
    });
    REQUIRE(stored > 0);
    CHECK_FALSE(store.summary(saga_id(stored + 1)));
    CHECK(store.last_position() == static_cast<Position>(stored));
    check_refused(StoreError::Kind::full, [&] { store.commit(start_with_text(99, 100'000)); });
    CHECK(store.commit(start(summary(stored + 1))) == static_cast<Position>(stored + 1));
    CHECK(store.journal(saga_id(1)).size() == 1);
  }
  SqliteStore roomy(path);
  roomy.commit(start_with_text(98, 100'000));
  CHECK(roomy.check().empty());
}

TEST_CASE("an owner that was taken over cannot write any more") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  SqliteStore store(path);
  store.commit(start(summary(1)));
  // What a forced takeover would do; the lock does not let a second owner get this far.
  run_sql(path, "UPDATE meta SET epoch = epoch + 1");
  check_refused(StoreError::Kind::fenced, [&] { store.commit(start(summary(2))); });
  check_refused(StoreError::Kind::fenced, [&] { store.put_definition(definition("order", 1)); });
  check_refused(StoreError::Kind::fenced, [&] { store.take_quarantined(1); });
  run_sql(path, "UPDATE meta SET epoch = epoch - 1");
  check_refused(StoreError::Kind::fenced, [&] { store.commit(start(summary(2))); });
  CHECK_FALSE(store.summary(saga_id(2)));
}

TEST_CASE("the WAL is moved into the file while the store runs, and kept when it closes") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  {
    SqliteStore store(path);
    for (std::uint64_t n = 1; n <= 12; ++n) store.commit(start_with_text(n, 4'000'000));
    CHECK(std::filesystem::file_size(path) > 16'000'000);
    CHECK(std::filesystem::file_size(path + "-wal") < 40'000'000);
  }
  CHECK(std::filesystem::file_size(path + "-wal") == 0);
  CHECK(std::filesystem::exists(path + "-shm"));
}
