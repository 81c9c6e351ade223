#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

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

namespace {

constexpr uid_t another_user = 65'534;
constexpr uid_t a_third_user = 65'533;

/// Only root can give files to other users.
bool can_give_away() {
  if (::geteuid() == 0) return true;
  MESSAGE("left out: it takes root to give a file to another user");
  return false;
}

void give(const std::string& path, uid_t user) { REQUIRE(::chown(path.c_str(), user, user) == 0); }

}  // namespace

TEST_CASE("a link beside the store is refused, and what it leads to stays as it is") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  const std::string letters = folder.file("letters");
  std::ofstream(letters) << "dear reader";
  bool is_new = false;
  SUBCASE("of a store that is there") {}
  SUBCASE("of one that is to be created") { is_new = true; }
  if (!is_new) SqliteStore(path).commit(start(summary(1)));
  for (const char* suffix : {"-wal", "-shm", "-journal", ".lock"}) {
    CAPTURE(suffix);
    std::filesystem::remove(path + suffix);
    std::filesystem::create_symlink(letters, path + suffix);
    check_refused(StoreError::Kind::failed, [&] { SqliteStore store(path); });
    if (!is_new) check_refused(StoreError::Kind::failed, [&] { SqliteReader reader(path); });
    CHECK(content(letters) == "dear reader");
    std::filesystem::remove(path + suffix);
  }
  if (!is_new) CHECK(SqliteStore(path).last_position() == 1);
}

TEST_CASE("files that every user may write to are not taken for a store of one's own") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(start(summary(1))); }
  for (const char* suffix : {"", "-wal", ".lock"}) {
    CAPTURE(suffix);
    REQUIRE(::chmod((path + suffix).c_str(), 0666) == 0);
    check_refused(StoreError::Kind::failed, [&] { SqliteStore store(path); });
    REQUIRE(::chmod((path + suffix).c_str(), 0660) == 0);
  }
  SqliteStore store(path);
  CHECK(store.last_position() == 1);
  CHECK(store.cautions().empty());
}

TEST_CASE("another user's store is owned with a word of caution, and its lock stays theirs") {
  if (!can_give_away()) return;
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(start(summary(1))); }
  give(path, another_user);
  std::filesystem::remove(path + ".lock");
  const SqliteStore store(path);
  REQUIRE(store.cautions().size() == 1);
  CHECK(store.cautions()[0].find("belongs to user 65534") != std::string::npos);
  struct stat lock {};
  REQUIRE(::stat((path + ".lock").c_str(), &lock) == 0);
  CHECK(lock.st_uid == another_user);
}

TEST_CASE("a log that a third user laid beside the store is refused") {
  if (!can_give_away()) return;
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore(path).commit(start(summary(1))); }
  give(path, another_user);
  give(path + "-wal", a_third_user);
  check_refused(StoreError::Kind::failed, [&] { SqliteStore store(path); });
  give(path + "-wal", another_user);
  CHECK(SqliteStore(path).last_position() == 1);
}
