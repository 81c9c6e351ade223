#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "refusals.hpp"
#include "samples.hpp"
#include "store_conformance.hpp"

namespace skald::test {

namespace {

void check_large_batches(StoreFixture& fixture) {
  SUBCASE("batches of every size are stored in their order") {
    constexpr std::uint64_t largest = 75;
    std::uint64_t number = 0;
    std::vector<SagaId> by_position;
    for (std::uint64_t size = 1; size <= largest; ++size) {
      Batch batch;
      for (std::uint64_t i = 0; i < size; ++i) {
        batch.summaries.push_back(summary(++number));
        batch.appends.push_back(append(number, 1, std::to_string(number)));
      }
      // Another row each for a few, behind all first ones.
      for (std::uint64_t i = 0; i < size / 3; ++i) {
        batch.appends.push_back(append(number - i, 2, "second of " + std::to_string(number - i)));
      }
      const Position first = fixture.store().commit(batch);
      CHECK(first == static_cast<Position>(by_position.size()) + 1);
      for (const JournalAppend& row : batch.appends) by_position.push_back(row.saga);
    }
    fixture.reopen();
    CHECK(fixture.store().last_position() == static_cast<Position>(by_position.size()));
    std::vector<SagaId> stored(by_position.size());
    for (std::uint64_t n = 1; n <= number; ++n) {
      CHECK(fixture.store().summary(saga_id(n)) == summary(n));
      for (const JournalRow& row : fixture.store().journal(saga_id(n))) {
        stored.at(static_cast<std::size_t>(row.position) - 1) = saga_id(n);
        const std::string text = (row.version == 1 ? "" : "second of ") + std::to_string(n);
        CHECK(std::get<OperatorDecided>(row.events.at(0)).verdict == text);
      }
    }
    CHECK(stored == by_position);
  }
  SUBCASE("one row that is refused among many takes the whole batch with it") {
    fixture.store().commit(start(with_key(1, "taken")));
    Batch batch;
    for (std::uint64_t n = 2; n < 60; ++n) {
      batch.summaries.push_back(n == 41 ? with_key(n, "taken") : summary(n));
      batch.appends.push_back(append(n, 1));
    }
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(batch); });
    for (std::uint64_t n = 2; n < 60; ++n) CHECK_FALSE(fixture.store().summary(saga_id(n)));
    CHECK(fixture.store().last_position() == 1);
    batch.summaries.at(39) = summary(41);
    batch.appends.at(39).version = 2;  // No saga begins with its second row.
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(batch); });
    batch.appends.at(39).version = 1;
    CHECK(fixture.store().commit(batch) == 2);
    CHECK(fixture.store().last_position() == 59);
  }
}

void check_rows(StoreFixture& fixture) {
  SUBCASE("positions run on over all sagas, versions within each, also after a restart") {
    CHECK(fixture.store().last_position() == 0);
    CHECK(fixture.store().commit({}) == 0);
    Batch batch = start(summary(1));
    batch.summaries.push_back(summary(2));
    batch.appends.push_back(append(2, 1, "b1"));
    batch.appends.push_back(append(1, 2, "a2"));
    CHECK(fixture.store().commit(batch) == 1);
    fixture.reopen();
    CHECK(fixture.store().last_position() == 3);
    Batch more;
    more.appends = {append(2, 2, "b2"), append(1, 3, "a3")};
    CHECK(fixture.store().commit(more) == 4);
    CHECK(fixture.store().commit({}) == 5);
    const auto rows = fixture.store().journal(saga_id(1));
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].position == 3);
    CHECK(rows[2].position == 5);
    CHECK(rows[2].version == 3);
    CHECK(rows[2].at == at(3));
    CHECK(std::get<OperatorDecided>(rows[2].events.at(0)).verdict == "a3");
    CHECK(fixture.store().journal(saga_id(9)).empty());
  }
  SUBCASE("the rows after a version are read by themselves, and the last version without them") {
    CHECK_FALSE(fixture.store().last_version(saga_id(1)));
    fixture.store().commit(start(summary(1)));
    Batch batch;
    batch.summaries = {summary(2)};
    batch.appends = {append(1, 2, "second"), append(1, 3, "third")};
    fixture.store().commit(batch);
    fixture.reopen();
    CHECK(fixture.store().last_version(saga_id(1)) == 3);
    CHECK(fixture.store().last_version(saga_id(2)) == 0);
    const auto rows = fixture.store().journal(saga_id(1), 2);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].version == 3);
    CHECK(rows[0].position == 3);
    CHECK(std::get<OperatorDecided>(rows[0].events.at(0)).verdict == "third");
    CHECK(fixture.store().journal(saga_id(1), 0).size() == 3);
    CHECK(fixture.store().journal(saga_id(1), 3).empty());
    CHECK(fixture.store().journal(saga_id(1), UINT64_MAX).empty());
  }
  SUBCASE("every event is kept") {
    Batch batch = start(summary(1));
    batch.appends[0].events = one_of_each_event();
    fixture.store().commit(batch);
    fixture.reopen();
    CHECK(stored_form(fixture.store().journal(saga_id(1)).at(0).events) ==
          stored_form(one_of_each_event()));
  }
  SUBCASE("a version that does not follow is refused, and with it its whole batch") {
    fixture.store().commit(start(summary(1)));
    for (const std::uint64_t wrong : {0U, 1U, 3U}) {
      Batch batch = start(summary(2));
      batch.watermarks["amqp"] = 7;
      batch.quarantined.emplace_back();
      batch.appends.push_back(append(1, wrong));
      check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(batch); });
      CHECK_FALSE(fixture.store().summary(saga_id(2)));
      CHECK(fixture.store().journal(saga_id(1)).size() == 1);
      CHECK(fixture.store().last_position() == 1);
      CHECK(fixture.store().watermark("amqp") == 0);
      CHECK(fixture.store().quarantine(0, 9).empty());
    }
    Batch late_start = start(summary(3));
    late_start.appends[0].version = 2;
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(late_start); });
    Batch unknown;
    unknown.appends = {append(4, 1)};
    check_refused(StoreError::Kind::failed, [&] { fixture.store().commit(unknown); });
    Batch next;
    next.appends = {append(1, 2)};
    CHECK(fixture.store().commit(next) == 2);
  }
}

}  // namespace

void check_journal_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  SUBCASE("rows") { check_rows(*fixture); }
  SUBCASE("large batches") { check_large_batches(*fixture); }
}

}  // namespace skald::test
