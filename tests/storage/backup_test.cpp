// Copies of a store that is in use.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "refusals.hpp"
#include "samples.hpp"
#include "skald/memory_store.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"
#include "turn_mutex.hpp"

using namespace skald;
using namespace skald::test;

namespace {

// Of a store with some pages, which is written to all the while.
class BackupBeside {
 public:
  static constexpr std::uint64_t before = 6;

  explicit BackupBeside(const SqliteOptions& options = {})
      : store(folder.file("store.db"), options) {
    for (std::uint64_t n = 1; n <= before; ++n) store.commit(start_with_text(n, 4'000'000));
  }
  /// Answers the number of the last saga that was stored before the backup had ended.
  std::uint64_t run(const std::function<void()>& backup, const std::function<void()>& meanwhile) {
    std::atomic<bool> copied = false;
    std::thread copier([&] {
      backup();
      copied = true;
    });
    std::uint64_t last = before;
    while (!copied) {
      store.commit(start(summary(++last)));
      meanwhile();
    }
    copier.join();
    return last;
  }

  TemporaryFolder folder;
  std::string copy = folder.file("copy.db");
  SqliteStore store;
};

}  // namespace

TEST_CASE("a backup is a store with all that was committed, and appears whole") {
  TemporaryFolder folder;
  const std::string copy = folder.file("copy.db");
  SqliteStore store(folder.file("store.db"));
  store.commit(start(summary(1)));
  SUBCASE("by the owner") { store.backup(copy); }
  SUBCASE("by a reader beside the owner") { SqliteReader(store.path()).backup(copy); }
  check_refused(StoreError::Kind::failed, [&] { store.backup(copy); });
  store.commit(start(summary(2)));
  CHECK_FALSE(std::filesystem::exists(copy + ".partial"));
  struct stat found {};
  REQUIRE(::stat(copy.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  SqliteStore restored(copy);
  CHECK(restored.check().empty());
  CHECK(restored.engine_id() == store.engine_id());
  CHECK(restored.last_position() == 1);
  CHECK(restored.commit(start(summary(3))) == 2);
}

TEST_CASE("the owner's backup has what was stored while it was made") {
  BackupBeside test;
  std::uint64_t slices = 0;
  std::uint64_t at_first = 0;
  BackupProgress told;
  std::atomic<std::uint64_t> stored = 0;
  const std::uint64_t last = test.run(
      [&] {
        test.store.backup(test.copy, [&](const BackupProgress& progress) {
          if (slices++ == 0) at_first = stored;
          told = progress;
          return true;
        });
      },
      [&] { ++stored; });
  CHECK(slices > 1);
  CHECK(told.bytes <= told.of);
  CHECK(told.of >= 24'000'000);
  SqliteStore restored(test.copy);
  CHECK(restored.check().empty());
  // One state: the journal has no gaps, and what it has is what was stored first.
  CHECK(restored.last_position() > static_cast<Position>(BackupBeside::before + at_first));
  CHECK(restored.last_position() <= static_cast<Position>(last));
  CHECK(test.store.check().empty());
}

TEST_CASE("the owner's backup is right whatever is rolled back, moved and given back meanwhile") {
  SqliteOptions options;
  options.size_limit = 40'000'000;
  BackupBeside test(options);
  std::uint64_t last = BackupBeside::before;
  std::uint64_t slices = 0;
  test.store.backup(test.copy, [&](const BackupProgress&) {
    if (++slices > 5) return true;
    test.store.commit(start(summary(++last)));
    // It has written a lot to the log, and into the copy, when the file is full.
    const Batch too_large = start_with_text(1'000'000, 24'000'000);
    check_refused(StoreError::Kind::full, [&] { test.store.commit(too_large); });
    CHECK(test.store.purge({Time::max(), {}, 500}).sagas == 0);
    (void)test.store.release_space(1'000'000);
    test.store.tidy();
    return true;
  });
  CHECK(slices > 5);
  CHECK(test.store.check().empty());
  SqliteStore restored(test.copy);
  CHECK(restored.check().empty());
  CHECK(restored.last_position() == static_cast<Position>(last));
  CHECK_FALSE(restored.summary(saga_id(1'000'000)));
}

TEST_CASE("a backup that is broken off leaves nothing, and the store goes on") {
  BackupBeside test;
  check_refused(StoreError::Kind::failed,
                [&] { test.store.backup(test.copy, [](const BackupProgress&) { return false; }); });
  CHECK_FALSE(std::filesystem::exists(test.copy));
  CHECK_FALSE(std::filesystem::exists(test.copy + ".partial"));
  test.store.commit(start(summary(7)));
  test.store.backup(test.copy);
  CHECK(SqliteStore(test.copy).check().empty());
}

TEST_CASE("a store in memory says that there is nothing to copy") {
  TemporaryFolder folder;
  MemoryStore store;
  check_refused(StoreError::Kind::failed, [&] { store.backup(folder.file("copy.db"), {}); });
  CHECK_FALSE(std::filesystem::exists(folder.file("copy.db")));
}

TEST_CASE("who asks for the turn first has it first, and its holder may ask again") {
  TurnMutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  {
    const std::lock_guard turn(mutex);
    const std::lock_guard again(mutex);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const std::lock_guard mine(mutex);
        order.push_back(i);
      });
      while (mutex.asked() != static_cast<std::uint64_t>(i) + 2) std::this_thread::yield();
    }
    CHECK(order.empty());
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}
