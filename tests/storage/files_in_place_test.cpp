#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "files_in_place.hpp"
#include "samples.hpp"
#include "skald/error.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;

namespace {

bool says(const StoreError& error, const std::string& part) {
  return std::string(error.what()).find(part) != std::string::npos;
}

/// The error that ends the commits that follow, of which there may be some for a second.
StoreError end_of_commits(SqliteStore& store, std::uint64_t from) {
  constexpr std::uint64_t more_than_a_second_allows = 1'000'000;
  for (std::uint64_t n = from; n < from + more_than_a_second_allows; ++n) {
    try {
      store.commit(start(summary(n)));
    } catch (const StoreError& error) {
      return error;
    }
  }
  FAIL("the commits went on");
  return {StoreError::Kind::failed, ""};
}

}  // namespace

TEST_CASE("each file of a store that is removed or replaced is noticed and named") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  const SqliteStore store(path);
  FilesInPlace in_place(path);
  CHECK_FALSE(in_place.problem());
  for (const char* suffix : {".lock", "-shm", "-wal", ""}) {
    const std::string file = path + suffix;
    CAPTURE(file);
    std::filesystem::copy_file(file, folder.file("copy"));
    std::filesystem::rename(folder.file("copy"), file);
    const std::string replaced = in_place.problem().value_or("");
    CHECK(replaced.starts_with(file + " was replaced by another file"));
    CHECK(replaced.find("stop this process") != std::string::npos);
    std::filesystem::remove(file);
    CHECK(in_place.problem().value_or("").starts_with(file + " was removed"));
  }
}

TEST_CASE("an owner whose file is removed stops within a second") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  SqliteStore store(path);
  store.commit(start(summary(1)));
  std::filesystem::remove(path);
  const auto began = std::chrono::steady_clock::now();
  const StoreError error = end_of_commits(store, 2);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
  CHECK(error.kind() == StoreError::Kind::fenced);
  CHECK(says(error, path + " was removed"));
  CHECK(end_of_commits(store, 1'000'001).kind() == StoreError::Kind::fenced);
}

TEST_CASE("nothing is moved into a store's file that is no longer at its path") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  SqliteStore store(path);
  for (std::uint64_t n = 1; n <= 4; ++n) store.commit(start_with_text(n, 4'000'000));
  std::filesystem::rename(path, folder.file("moved.db"));
  const auto bytes = std::filesystem::file_size(folder.file("moved.db"));
  try {
    store.commit(start_with_text(5, 4'000'000));
    store.tidy();
  } catch (const StoreError& error) {  // When the second was over by then.
    CHECK(error.kind() == StoreError::Kind::fenced);
  }
  CHECK(end_of_commits(store, 6).kind() == StoreError::Kind::fenced);
  CHECK(std::filesystem::file_size(folder.file("moved.db")) == bytes);
}
