#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

#include "samples.hpp"
#include "store_conformance.hpp"

namespace skald::test {
namespace {

constexpr std::uint64_t saga_count = 140;

/// Sagas of every status, two types, some with keys and errors.
std::vector<SagaSummary> many_sagas() {
  std::vector<SagaSummary> sagas;
  for (std::uint64_t n = 0; n < saga_count; ++n) {
    const auto status = static_cast<Status>(n * n % status_count);
    SagaSummary saga = is_end(status) ? ended(summary(n), status) : summary(n);
    saga.id = SagaId::make(saga.started_at, n, n);
    saga.status = status;
    saga.type = n % 3 == 0 ? "refund" : "order";
    if (n % 4 == 0) saga.key = "key-" + std::to_string(n % 8);
    if (status == Status::stuck) saga.error_code = n % 2 == 0 ? "NO_CREDIT" : "REFUND_CLOSED";
    sagas.push_back(saga);
  }
  return sagas;
}

void fill(Store& store, std::vector<SagaSummary> sagas) {
  // In an order that is not the ids' own.
  std::shuffle(sagas.begin(), sagas.end(), std::mt19937(7));
  for (std::size_t from = 0; from < sagas.size(); from += 50) {
    Batch batch;
    for (std::size_t i = from; i < std::min(from + 50, sagas.size()); ++i) {
      batch.summaries.push_back(sagas[i]);
      batch.appends.push_back({sagas[i].id, 1, sagas[i].started_at, {}});
    }
    store.commit(batch);
  }
}

std::vector<SagaFilter> filters() {
  std::vector<SagaFilter> all(13);
  all[1].statuses = {Status::running};
  all[2].statuses = {Status::stuck, Status::compensated, Status::stuck};
  all[3].statuses = {Status::completed};
  all[4].statuses = {Status::completed, Status::stuck};
  all[5].types = {"refund"};
  all[6].keys = {"key-4", "key-0"};
  all[7].error_codes = {"NO_CREDIT", "REFUND_CLOSED", "NO_CREDIT"};
  all[8].error_codes = {"NO_CREDIT"};
  all[8].statuses = {Status::stuck, Status::running};
  all[9].started_before = at(70);
  all[9].started_after = at(20);
  all[10].statuses = {Status::running, Status::pending};
  all[10].types = {"order"};
  all[10].started_after = at(50);
  all[11].types = {"'; DROP TABLE sagas; --", "order\" OR 1=1"};
  all[12].keys = {"key-4"};
  all[12].statuses = {Status::completed};
  all[12].types = {"order", "refund"};
  return all;
}

std::vector<SagaSummary> expected(const std::vector<SagaSummary>& sagas, const SagaFilter& filter) {
  std::vector<SagaSummary> matched;
  for (const SagaSummary& saga : sagas) {
    if (matches_summary(filter, saga)) matched.insert(matched.begin(), saga);
  }
  return matched;
}

void check_list(StoreFixture& fixture) {
  const auto sagas = many_sagas();
  fill(fixture.store(), sagas);
  const auto all = filters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    const auto matched = expected(sagas, all[i]);
    CHECK(fixture.store().count(all[i]) == matched.size());
    CHECK(fixture.store().list(all[i], {}, SIZE_MAX) == matched);
    std::vector<SagaSummary> paged;
    Cursor cursor;
    while (true) {
      const auto page = fixture.store().list(all[i], cursor, 9);
      CHECK(page.size() <= 9);
      if (page.empty()) break;
      paged.insert(paged.end(), page.begin(), page.end());
      cursor.after = page.back().id;
    }
    CHECK(paged == matched);
    CHECK(fixture.store().list(all[i], {}, 0).empty());
  }
}

void check_prefix(StoreFixture& fixture) {
  const auto sagas = many_sagas();
  fill(fixture.store(), sagas);
  const std::string id = sagas[5].id.to_string();
  for (std::size_t length = 0; length <= id.size(); ++length) {
    const std::string prefix = id.substr(0, length);
    std::vector<SagaId> matched;
    for (const SagaSummary& saga : sagas) {
      if (saga.id.to_string().compare(0, length, prefix) == 0) matched.push_back(saga.id);
    }
    std::sort(matched.begin(), matched.end());
    CAPTURE(prefix);
    CHECK(fixture.store().find_by_prefix(prefix, SIZE_MAX) == matched);
    matched.resize(std::min<std::size_t>(matched.size(), 2));
    CHECK(fixture.store().find_by_prefix(prefix, 2) == matched);
  }
  std::string upper = id;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(fixture.store().find_by_prefix(upper, 9) == std::vector<SagaId>{sagas[5].id});
  CHECK(fixture.store().find_by_prefix(id + "0", 9).empty());
  CHECK(fixture.store().find_by_prefix("x", 9).empty());
  CHECK(fixture.store().find_by_prefix("-", 9).empty());
  CHECK(fixture.store().find_by_prefix("01234567890", 9).empty());
}

}  // namespace

void check_reading_conformance(const MakeStoreFixture& make) {
  const auto fixture = make();
  SUBCASE("every filter lists, pages and counts what matches_summary() says") {
    check_list(*fixture);
  }
  SUBCASE("ids are found by their beginning") { check_prefix(*fixture); }
}

}  // namespace skald::test
