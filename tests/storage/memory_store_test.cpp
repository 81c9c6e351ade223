#include "skald/memory_store.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "samples.hpp"
#include "store_conformance.hpp"

using namespace skald;
using namespace skald::test;

namespace {

class MemoryFixture final : public StoreFixture {
 public:
  MemoryFixture() { reopen(); }
  Store& store() override { return *store_; }
  void reopen() override { store_ = std::make_unique<MemoryStore>(disk_); }

 private:
  MemoryDisk disk_;
  std::unique_ptr<MemoryStore> store_;
};

}  // namespace

TEST_CASE("the memory store is a store") {
  check_store_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("the memory store keeps definitions like a store") {
  check_definition_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("the memory store keeps a journal like a store") {
  check_journal_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("the memory store reads like a store") {
  check_reading_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("the memory store purges like a store") {
  check_purging_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("the memory store keeps snapshots like a store") {
  check_snapshot_conformance([] { return std::make_unique<MemoryFixture>(); });
}

TEST_CASE("a memory store is fenced once another is opened on its disk") {
  MemoryDisk disk;
  MemoryStore first(disk);
  first.commit(start(summary(1)));
  MemoryStore second(disk);
  try {
    first.commit(start(summary(2)));
    FAIL_CHECK("the first owner could still write");
  } catch (const StoreError& error) {
    CHECK(error.kind() == StoreError::Kind::fenced);
  }
  CHECK(second.last_position() == 1);
}

TEST_CASE("a memory disk fails when told to, and stores nothing meanwhile") {
  MemoryDisk disk;
  MemoryStore store(disk);
  for (const auto kind : {StoreError::Kind::full, StoreError::Kind::failed}) {
    disk.fail_writes(kind);
    try {
      store.commit(start(summary(1)));
      FAIL_CHECK("it was stored");
    } catch (const StoreError& error) {
      CHECK(error.kind() == kind);
    }
    CHECK_FALSE(store.summary(saga_id(1)));
  }
  disk.fail_writes({});
  CHECK(store.commit(start(summary(1))) == 1);
}
