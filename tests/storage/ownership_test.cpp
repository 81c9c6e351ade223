#include "ownership.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "child_process.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "skald/sqlite_store.hpp"

using namespace skald;
using namespace skald::test;
using namespace std::chrono_literals;

namespace {

std::string refusal(const std::string& path, const SqliteOptions& options = {}) {
  try {
    SqliteStore store(path, options);
  } catch (const StoreError& error) {
    CHECK(error.kind() == StoreError::Kind::locked);
    return error.what();
  }
  FAIL_CHECK("a second owner was let in");
  return {};
}

/// Owns the store until it is told to give it up.
ChildProcess owner(const std::string& path, const SqliteOptions& options = {}) {
  return ChildProcess([path, options](const ChildProcess::Parent& parent) {
    std::optional<SqliteStore> store(std::in_place, path, options);
    parent.report("owner");
    parent.await();
    store.reset();
    parent.report("gone");
    parent.await();
  });
}

}  // namespace

TEST_CASE("a live owner is not taken over, and the refusal names its process") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess other = owner(path);
  REQUIRE(other.line() == "owner");
  CHECK(refusal(path).find("process " + std::to_string(other.pid()) + ";") != std::string::npos);
  // A lasting owner is not waited for, however patient one is.
  const auto began = std::chrono::steady_clock::now();
  static_cast<void>(refusal(path, {.wait_for_momentary_owner = 60s}));
  CHECK(std::chrono::steady_clock::now() - began < 30s);
  SUBCASE("one that closed the store has given it free") {
    other.let_go_on();
    REQUIRE(other.line() == "gone");
  }
  SUBCASE("death frees it") { other.kill(); }
  SqliteStore store(path);
  CHECK(store.commit(start(summary(1))) == 1);
}

TEST_CASE("the same process cannot own a store twice, whatever it calls it") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  std::optional<SqliteStore> store(std::in_place, path);
  std::filesystem::create_symlink(path, folder.file("link.db"));
  CHECK(refusal(path).find("this process") != std::string::npos);
  static_cast<void>(refusal(folder.file("link.db")));
  static_cast<void>(
      refusal(folder.file("./../" + folder.path().filename().string() + "/store.db")));
  // The refused attempts must not have dropped the lock.
  ChildProcess other([&](const ChildProcess::Parent& parent) { parent.report(refusal(path)); });
  CHECK(other.line().find("process " + std::to_string(::getpid()) + ";") != std::string::npos);
  store.reset();
  store.emplace(folder.file("link.db"));
}

TEST_CASE("another process meets the same lock by another name") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess other = owner(path);
  REQUIRE(other.line() == "owner");
  std::filesystem::create_symlink(path, folder.file("link.db"));
  CHECK(refusal(folder.file("link.db")).find(std::to_string(other.pid())) != std::string::npos);
}

TEST_CASE("a momentary owner is waited for") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess other = owner(path, {.momentary = true});
  REQUIRE(other.line() == "owner");
  static_cast<void>(refusal(path));
  static_cast<void>(refusal(path, {.wait_for_momentary_owner = 30ms}));
  std::jthread later([&] {
    std::this_thread::sleep_for(50ms);  // so that the wait really begins before the owner goes
    other.let_go_on();
  });
  SqliteStore store(path, {.wait_for_momentary_owner = 60s});
  CHECK(store.commit(start(summary(1))) == 1);
}

TEST_CASE("a forked child owns nothing, and its end leaves the parent's store alone") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  auto store = std::make_unique<SqliteStore>(path);
  store->commit(start(summary(1)));
  ChildProcess child([&](const ChildProcess::Parent& parent) {
    try {
      store->commit(start(summary(2)));
      parent.report("committed");
    } catch (const StoreError& error) {
      parent.report(error.kind() == StoreError::Kind::fenced ? "fenced" : error.what());
    }
    parent.report(refusal(path));
    store.reset();
    parent.report(refusal(path));
  });
  CHECK(child.line() == "fenced");
  CHECK(child.line().find("process " + std::to_string(::getpid()) + ";") != std::string::npos);
  CHECK(child.line().find("process " + std::to_string(::getpid()) + ";") != std::string::npos);
  CHECK(child.line().empty());
  CHECK(store->commit(start(summary(2))) == 2);
  ChildProcess other([&](const ChildProcess::Parent& parent) { parent.report(refusal(path)); });
  CHECK(other.line().find("process " + std::to_string(::getpid()) + ";") != std::string::npos);
}

TEST_CASE("a child that was forked by an owner does not keep the store when the owner dies") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  ChildProcess parent_process([&](const ChildProcess::Parent& parent) {
    SqliteStore store(path);
    const int grandchild = ::fork();
    if (grandchild == 0) {
      parent.await();
      ::_exit(0);
    }
    parent.report("forked");
    ::pause();
  });
  REQUIRE(parent_process.line() == "forked");
  parent_process.kill();
  SqliteStore store(path);  // while the grandchild still waits
  CHECK(store.commit(start(summary(1))) == 1);
}
