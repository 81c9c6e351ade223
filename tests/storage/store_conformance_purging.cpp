#include <doctest/doctest.h>

#include <string>

#include "refusals.hpp"
#include "samples.hpp"
#include "store_conformance.hpp"

namespace skald::test {
namespace {

constexpr std::int64_t first_ms = 1'700'000'000'000;  // Of the ids that saga_id() makes.
const Time before = at(first_ms + 1'000);

/// A saga that ended that many milliseconds after the first was started.
SagaSummary gone(std::uint64_t number, std::int64_t ended_ms, Status status = Status::completed) {
  SagaSummary saga = ended(summary(number), status);
  saga.ended_at = at(first_ms + ended_ms);
  return saga;
}

void store_saga(StoreFixture& fixture, const SagaSummary& saga, std::vector<Event> first = {},
                std::vector<Event> second = {}) {
  Batch batch;
  batch.summaries = {saga};
  batch.appends = {{saga.id, 1, saga.started_at, std::move(first)},
                   {saga.id, 2, saga.updated_at, std::move(second)}};
  fixture.store().commit(batch);
}

/// Takes slices until nothing is left to look at.
Purged purge(StoreFixture& fixture, Time ended_before = before, std::size_t sagas_max = 500) {
  Purged sum;
  PurgeSlice slice{ended_before, {}, sagas_max};
  do {
    const Purged part = fixture.store().purge(slice);
    sum.sagas += part.sagas;
    sum.rows += part.rows;
    slice.after = part.last;
  } while (!slice.after.empty());
  return sum;
}

bool has(StoreFixture& fixture, std::uint64_t number) {
  const bool summary = fixture.store().summary(saga_id(number)).has_value();
  CHECK(summary == !fixture.store().journal(saga_id(number)).empty());
  return summary;
}

Event child_started(std::uint64_t child) {
  return ChildStarted{{0, Direction::action, 1}, saga_id(child)};
}

Event started_by(std::uint64_t parent) {
  SagaStarted started;
  started.parent = ParentRef{saga_id(parent), 0, 1};
  return started;
}

void check_choice(StoreFixture& fixture) {
  SUBCASE("ended sagas go with their journals, and only those that are old enough") {
    store_saga(fixture, gone(1, 999));
    store_saga(fixture, gone(2, 1'000));
    store_saga(fixture, gone(3, 5, Status::compensated));
    store_saga(fixture, gone(4, 5, Status::abandoned));
    const Purged purged = purge(fixture);
    CHECK(purged.sagas == 3);
    CHECK(purged.rows == 6);
    fixture.reopen();
    CHECK_FALSE(has(fixture, 1));
    CHECK(has(fixture, 2));
    CHECK_FALSE(has(fixture, 3));
    CHECK_FALSE(has(fixture, 4));
    CHECK(fixture.store().count({}) == 1);
    CHECK(fixture.store().list({}, {}, 9).size() == 1);
    CHECK(purge(fixture).sagas == 0);
  }
  SUBCASE("what has not ended stays, however old") {
    std::uint64_t number = 0;
    for (const Status status :
         {Status::pending, Status::running, Status::compensating, Status::stuck}) {
      SagaSummary saga = summary(++number);
      saga.status = status;
      store_saga(fixture, saga);
    }
    CHECK(purge(fixture).sagas == 0);
    CHECK(fixture.store().count({}) == 4);
  }
  SUBCASE("a slice looks at as many as it may, and the next goes on behind it") {
    for (std::uint64_t n = 1; n <= 7; ++n) {
      store_saga(fixture, n == 4 ? summary(n) : gone(n, static_cast<std::int64_t>(n)));
    }
    const Purged first = fixture.store().purge({before, {}, 3});
    CHECK(first.sagas == 3);
    CHECK(first.last == saga_id(3));
    const Purged second = fixture.store().purge({before, first.last, 3});
    CHECK(second.sagas == 2);
    CHECK(second.last == saga_id(6));
    const Purged third = fixture.store().purge({before, second.last, 3});
    CHECK(third.sagas == 1);
    CHECK(third.last.empty());
    CHECK(has(fixture, 4));
  }
}

void check_families(StoreFixture& fixture) {
  const auto family = [&fixture](const SagaSummary& child) {
    store_saga(fixture, gone(1, 5), {}, {child_started(2)});
    store_saga(fixture, child, {started_by(1)}, {child_started(3)});
    store_saga(fixture, gone(3, 5), {started_by(2)});
  };
  SUBCASE("children go with their parents, whole families in one slice") {
    family(gone(2, 5));
    const Purged purged = fixture.store().purge({before, {}, 1});
    CHECK(purged.sagas == 3);
    CHECK(purged.rows == 6);
    CHECK(fixture.store().count({}) == 0);
  }
  SUBCASE("a child that has not ended keeps its family") {
    family(summary(2));
    CHECK(purge(fixture).sagas == 0);
  }
  SUBCASE("a child that ended too lately keeps its family") {
    family(gone(2, 1'001));
    CHECK(purge(fixture).sagas == 0);
    CHECK(purge(fixture, at(first_ms + 2'000)).sagas == 3);
  }
  SUBCASE("a child whose parent has not ended stays") {
    store_saga(fixture, summary(1), {}, {child_started(2)});
    store_saga(fixture, gone(2, 5), {started_by(1)});
    CHECK(purge(fixture).sagas == 0);
  }
  SUBCASE("a child whose parent is not there any more goes by itself") {
    store_saga(fixture, gone(2, 5), {started_by(1)});
    CHECK(purge(fixture).sagas == 1);
  }
}

void check_links(StoreFixture& fixture) {
  const auto replayed = [&fixture](SagaSummary old, SagaSummary replay) {
    old.replayed_by = replay.id;
    replay.replay_of = old.id;
    store_saga(fixture, old);
    store_saga(fixture, replay);
  };
  SUBCASE("a saga stays while its replay is under way") {
    replayed(gone(1, 5), summary(2));
    CHECK(purge(fixture).sagas == 0);
  }
  SUBCASE("a replay stays while the saga it replays waits for an operator") {
    SagaSummary stuck = summary(1);
    stuck.status = Status::stuck;
    replayed(stuck, gone(2, 5));
    CHECK(purge(fixture).sagas == 0);
  }
  SUBCASE("both go when both are old enough, one behind the other, too") {
    replayed(gone(1, 5), gone(2, 6));
    CHECK(fixture.store().purge({before, {}, 1}).sagas == 1);
    CHECK_FALSE(has(fixture, 1));
    CHECK(purge(fixture).sagas == 1);
  }
}

void check_numbers(StoreFixture& fixture) {
  SUBCASE("positions run on, though all their rows are gone") {
    store_saga(fixture, gone(1, 5));
    store_saga(fixture, gone(2, 5));
    Batch batch;
    batch.watermarks["amqp"] = 4;
    fixture.store().commit(batch);
    CHECK(purge(fixture).rows == 4);
    CHECK(fixture.store().last_position() == 4);
    fixture.reopen();
    CHECK(fixture.store().last_position() == 4);
    CHECK(fixture.store().commit(start(summary(3))) == 5);
    CHECK(fixture.store().count({}) == 1);
  }
  SUBCASE("a purged saga takes no more rows, and nothing is stored of such a batch") {
    store_saga(fixture, gone(1, 5));
    (void)purge(fixture);
    Batch batch = start(summary(2));
    batch.appends.push_back(append(1, 3));
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(batch); });
    CHECK_FALSE(has(fixture, 2));
  }
  SUBCASE("a key is free once its holder has been purged") {
    SagaSummary keyed = gone(1, 5);
    keyed.key = "order-42";
    keyed.holds_key = true;
    store_saga(fixture, keyed);
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(1));
    (void)purge(fixture);
    CHECK_FALSE(fixture.store().key_holder({"order", "order-42"}));
    SagaSummary next = summary(2);
    next.key = keyed.key;
    next.holds_key = true;
    fixture.store().commit(start(next));
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(2));
  }
  SUBCASE("a key that a replay took over stays with the replay") {
    SagaSummary old = gone(1, 5);
    old.key = "order-42";
    SagaSummary holder = gone(2, 5'000);
    holder.key = "order-42";
    holder.holds_key = true;
    store_saga(fixture, old);
    store_saga(fixture, holder);
    CHECK(purge(fixture).sagas == 1);
    CHECK(fixture.store().key_holder({"order", "order-42"}) == saga_id(2));
  }
  SUBCASE("there is no space left to give back in the end") {
    for (std::uint64_t n = 1; n <= 50; ++n) store_saga(fixture, gone(n, 5));
    (void)purge(fixture);
    std::uint64_t left = fixture.store().release_space(4096);
    for (std::uint64_t more = left; left > 0; left = more) {
      more = fixture.store().release_space(4096);
      REQUIRE(more < left);
    }
    fixture.reopen();
    CHECK(fixture.store().commit(start(summary(99))) == 101);
  }
}

}  // namespace

void check_purging_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  SUBCASE("choice") { check_choice(*fixture); }
  SUBCASE("families") { check_families(*fixture); }
  SUBCASE("links") { check_links(*fixture); }
  SUBCASE("numbers") { check_numbers(*fixture); }
}

}  // namespace skald::test
