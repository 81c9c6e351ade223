#include "skald/sqlite_reader.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "child_process.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

TEST_CASE("a reader sees what an owner in another process commits, as it commits") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess owner([&](const ChildProcess::Parent& parent) {
    SqliteStore store(path);
    store.put_definition(definition("order", 1));
    for (std::uint64_t n = 1;; ++n) {
      store.commit(start(summary(n)));
      parent.report("committed");
      parent.await();
    }
  });
  REQUIRE(owner.line() == "committed");
  SqliteReader reader(path);
  CHECK(reader.count({}) == 1);
  CHECK(reader.definitions().size() == 1);
  owner.let_go_on();
  REQUIRE(owner.line() == "committed");
  CHECK(reader.count({}) == 2);
  CHECK(reader.journal(saga_id(2)).size() == 1);
  CHECK(reader.check().empty());
  SUBCASE("and after the owner was killed, nobody having recovered the store") {
    owner.kill();
    CHECK(reader.count({}) == 2);
    SqliteReader later(path);
    CHECK(later.count({}) == 2);
    CHECK(later.summary(saga_id(2)) == summary(2));
    CHECK(SqliteStore(path).last_position() == 2);
  }
}

TEST_CASE("a reader needs no owner and leaves no trace") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  std::string engine_id;
  {
    SqliteStore store(path);
    store.commit(start(summary(1)));
    engine_id = store.engine_id();
  }
  const auto written = std::filesystem::last_write_time(path);
  const auto size = std::filesystem::file_size(path + "-wal");
  {
    SqliteReader reader(path);
    CHECK(reader.engine_id() == engine_id);
    CHECK(reader.summary(saga_id(1)) == summary(1));
    CHECK(reader.find_by_prefix("018", 5).size() == 1);
  }
  CHECK(std::filesystem::last_write_time(path) == written);
  CHECK(std::filesystem::file_size(path + "-wal") == size);
  SqliteStore store(path);
  CHECK(store.last_position() == 1);
}

TEST_CASE("readers never see half a batch, and never lose one, while the owner writes on") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  constexpr std::uint64_t batches = 100;
  constexpr std::uint64_t per_batch = 5;
  SqliteStore store(path);
  std::atomic<bool> writing = true;
  std::atomic<std::uint64_t> committed = 0;
  std::atomic<int> faults = 0;
  std::atomic<int> looks = 0;
  {
    std::vector<std::jthread> readers;
    for (int r = 0; r < 3; ++r) {
      readers.emplace_back([&] {
        SqliteReader reader(path);
        while (writing || looks == 0) {
          const std::uint64_t before = committed;
          const std::uint64_t seen = reader.count({});
          if (seen % per_batch != 0 || seen < before * per_batch) ++faults;
          ++looks;
        }
      });
    }
    for (std::uint64_t b = 0; b < batches; ++b) {
      Batch batch;
      for (std::uint64_t i = 0; i < per_batch; ++i) {
        const Batch one = start(summary(b * per_batch + i));
        batch.summaries.push_back(one.summaries[0]);
        batch.appends.push_back(one.appends[0]);
        batch.appends.back().events.push_back(append(1, 1, std::string(50'000, 'x')).events[0]);
      }
      store.commit(batch);
      ++committed;
    }
    writing = false;
  }
  CHECK(faults == 0);
  CHECK(looks > 0);
  CHECK(store.count({}) == batches * per_batch);
  CHECK(store.check().empty());
}
