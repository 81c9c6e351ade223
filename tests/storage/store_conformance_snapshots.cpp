#include <doctest/doctest.h>

#include "any_saga.hpp"
#include "refusals.hpp"
#include "samples.hpp"
#include "store_conformance.hpp"

namespace skald::test {
namespace {

void check_snapshots(StoreFixture& fixture) {
  const auto rows = any_journal(1, 3, 9);
  Batch batch = batch_of(1, rows);
  SUBCASE("the newest snapshot comes back, also after a restart") {
    CHECK_FALSE(fixture.store().snapshot(saga_id(1)));
    fixture.store().commit(batch);
    CHECK_FALSE(fixture.store().snapshot(saga_id(1)));
    Batch alone;
    alone.snapshots = {snapshot_of(rows)};
    fixture.store().commit(alone);
    fixture.reopen();
    CHECK(fixture.store().snapshot(saga_id(1)) == snapshot_of(rows));
    auto longer = rows;
    longer.push_back({11, 11, at(99), {SagaPaused{}}});
    Batch next;
    next.appends = {{saga_id(1), 11, at(99), longer.back().events}};
    next.snapshots = {snapshot_of(longer)};
    fixture.store().commit(next);
    fixture.reopen();
    const auto found = fixture.store().snapshot(saga_id(1));
    REQUIRE(found);
    CHECK(*found == snapshot_of(longer));
    CHECK(fixture.store().journal(saga_id(1), found->saga.version).empty());
  }
  SUBCASE("a snapshot may come with the saga's first rows") {
    batch.snapshots = {snapshot_of(rows)};
    fixture.store().commit(batch);
    CHECK(fixture.store().snapshot(saga_id(1)) == snapshot_of(rows));
    CHECK_FALSE(fixture.store().snapshot(saga_id(2)));
  }
  SUBCASE("a snapshot of another version than the batch brings is refused with its batch") {
    SagaSnapshot late = snapshot_of(rows);
    late.saga.version += 1;
    batch.snapshots = {late};
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(batch); });
    CHECK_FALSE(fixture.store().summary(saga_id(1)));
    Batch unknown;
    unknown.snapshots = {snapshot_of(rows)};
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(unknown); });
    CHECK_FALSE(fixture.store().snapshot(saga_id(1)));
  }
  SUBCASE("a snapshot goes with its saga when that is purged") {
    batch.summaries = {ended(summary(1), Status::completed)};
    batch.appends[0].events = rows[0].events;
    std::get<SagaStarted>(batch.appends[0].events[0]).parent.reset();
    batch.snapshots = {snapshot_of(rows)};
    fixture.store().commit(batch);
    PurgeSlice everything;
    everything.ended_before = Time(Duration(2'000'000'000'000));
    CHECK(fixture.store().purge(everything).sagas == 1);
    CHECK_FALSE(fixture.store().snapshot(saga_id(1)));
    fixture.reopen();
    fixture.store().commit(batch_of(2, any_journal(2, 4, 2)));
    CHECK_FALSE(fixture.store().snapshot(saga_id(2)));
  }
}

}  // namespace

void check_snapshot_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  check_snapshots(*fixture);
}

}  // namespace skald::test
