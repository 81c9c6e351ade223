#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "child_process.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_reader.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

constexpr unsigned nobody = 65'534;

/// What `work` answers, or the message of the StoreError that it throws, in a process that has no
/// rights but those that the modes of files give it.
std::string without_privileges(const std::function<std::string()>& work) {
  ChildProcess child([&](const ChildProcess::Parent& parent) {
    if (::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
      parent.report("root's rights could not be given up");
      return;
    }
    try {
      parent.report(work());
    } catch (const StoreError& error) {
      parent.report(error.what());
    }
  });
  return child.line();
}

/// Takes a folder's rights away, and gives them back so that it can be removed.
class WithMode {
 public:
  WithMode(const std::filesystem::path& folder, mode_t mode) : folder_(folder) {
    REQUIRE(::chmod(folder_.c_str(), mode) == 0);
  }
  ~WithMode() { ::chmod(folder_.c_str(), 0700); }
  WithMode(const WithMode&) = delete;
  WithMode& operator=(const WithMode&) = delete;

 private:
  std::filesystem::path folder_;
};

std::string count_and_check(const std::string& path) {
  SqliteReader reader(path);
  return std::to_string(reader.count({})) + " sagas, " + std::to_string(reader.check().size()) +
         " problems";
}

}  // namespace

TEST_CASE("a backup is read where nothing can be written") {
  TemporaryFolder folder;
  TemporaryFolder media;
  const std::string copy = media.file("copy of 100% #1?.db");
  {
    SqliteStore store(folder.file("store.db"));
    store.commit(start(summary(1)));
    store.backup(copy);
  }
  REQUIRE(::chmod(copy.c_str(), 0444) == 0);
  const WithMode read_only(media.path(), 0555);
  CHECK(without_privileges([&] { return count_and_check(copy); }) == "1 sagas, 0 problems");
}

TEST_CASE("a store that was closed in order is read where nothing can be written") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(start(summary(1))); }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    REQUIRE(::chmod((path + suffix).c_str(), 0444) == 0);
  }
  const WithMode read_only(folder.path(), 0555);
  CHECK(without_privileges([&] { return count_and_check(path); }) == "1 sagas, 0 problems");
}

TEST_CASE("commits in a log are not left out where the log cannot be read") {
  TemporaryFolder folder;
  TemporaryFolder media;
  const std::string path = folder.file("store.db");
  const std::string copy = media.file("store.db");
  {
    SqliteStore store(path);
    store.commit(start(summary(1)));
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path + suffix, copy + suffix);
      REQUIRE(::chmod((copy + suffix).c_str(), 0444) == 0);
    }
  }
  const WithMode read_only(media.path(), 0555);
  const std::string said = without_privileges([&] { return count_and_check(copy); });
  CHECK_MESSAGE(says(said, copy + "-wal holds commits"), said);
}

TEST_CASE("what this user may not look at is not called missing") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(start(summary(1))); }
  const auto own = [&] {
    const SqliteStore store(path);
    return std::string("owned");
  };
  const auto read = [&] { return count_and_check(path); };
  SUBCASE("a folder that may not be entered") {
    const WithMode closed(folder.path(), 0);
    for (const auto& said : {without_privileges(own), without_privileges(read)}) {
      CHECK_MESSAGE(says(said, "may not enter the folder " + folder.path().string()), said);
    }
  }
  SUBCASE("a file that may not be read") {
    const WithMode open(folder.path(), 0777);
    REQUIRE(::chmod(path.c_str(), 0) == 0);
    CHECK(says(without_privileges(read), "cannot read " + path));
  }
  SUBCASE("a file that may be read and not written to") {
    const WithMode open(folder.path(), 0777);
    REQUIRE(::chmod(path.c_str(), 0444) == 0);
    std::filesystem::remove(path + ".lock");
    const std::string said = without_privileges(own);
    CHECK_MESSAGE(says(said, "cannot write to " + path), said);
  }
}
