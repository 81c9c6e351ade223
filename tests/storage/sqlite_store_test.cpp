#include "skald/sqlite_store.hpp"

#include <doctest/doctest.h>

#include <memory>

#include "samples.hpp"
#include "store_conformance.hpp"

using namespace skald;
using namespace skald::test;

namespace {

class SqliteFixture final : public StoreFixture {
 public:
  SqliteFixture() { reopen(); }
  Store& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(folder_.file("store.db"));
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace

TEST_CASE("the SQLite store is a store") {
  check_store_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("the SQLite store keeps definitions like a store") {
  check_definition_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("the SQLite store keeps a journal like a store") {
  check_journal_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("the SQLite store reads like a store") {
  check_reading_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("the SQLite store purges like a store") {
  check_purging_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("the SQLite store keeps snapshots like a store") {
  check_snapshot_conformance([] { return std::make_unique<SqliteFixture>(); });
}

TEST_CASE("sagas that left the cache are found again") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  store.commit(start(summary(1)));
  // More than the cache holds, in batches as an engine would write them.
  constexpr std::uint64_t more = 300'000;
  std::uint64_t n = 1;
  while (n < more) {
    Batch batch;
    for (int i = 0; i < 10'000; ++i) {
      ++n;
      SagaSummary saga = summary(1);
      saga.id = SagaId::make(at(1'700'000'000'001), n >> 32, n);
      batch.summaries.push_back(saga);
      batch.appends.push_back({saga.id, 1, saga.started_at, {}});
    }
    store.commit(batch);
  }
  Batch batch;
  batch.appends = {append(1, 2)};
  batch.summaries = {ended(summary(1), Status::completed)};
  store.commit(batch);
  CHECK(store.journal(saga_id(1)).size() == 2);
  CHECK(store.summary(saga_id(1))->status == Status::completed);
  batch.appends = {append(1, 2)};
  CHECK_THROWS_AS(store.commit(batch), StoreError);
}

TEST_CASE("a quarantined message is taken out once") {
  TemporaryFolder folder;
  SqliteStore store(folder.file("store.db"));
  Batch batch;
  batch.quarantined.resize(3);
  batch.quarantined[1].reason = "BAD_JSON";
  store.commit(batch);
  const auto taken = store.take_quarantined(2);
  REQUIRE(taken);
  CHECK(taken->reason == "BAD_JSON");
  CHECK_FALSE(store.take_quarantined(2));
  CHECK(store.drop_quarantined(3));
  CHECK_FALSE(store.drop_quarantined(3));
  CHECK(store.quarantine(0, 9).size() == 1);
  store.commit(batch);
  CHECK(store.quarantine(1, 1).at(0).number == 4);  // numbers are not used again
}
