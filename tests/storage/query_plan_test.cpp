#include <doctest/doctest.h>

#include <string>

#include "filter_sql.hpp"
#include "samples.hpp"
#include "schema.hpp"
#include "skald/sqlite_store.hpp"
#include "sqlite/connection.hpp"

using namespace skald;
using namespace skald::test;

namespace {

/// How SQLite would go about it, one step per line.
std::string plan(const std::string& path, const FilterQuery& query) {
  sqlite::Connection connection(path, sqlite::Connection::Access::read_only);
  sqlite::Statement statement(connection, "EXPLAIN QUERY PLAN " + query.sql);
  query.bind_to(statement);
  std::string text;
  auto rows = statement.rows();
  while (rows.next()) text += std::string(rows.bytes(3)) + "\n";
  return text;
}

bool has(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("a page of a list is read in order from an index, never sorted") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore store(path); }
  SagaFilter filter;
  std::string index;
  SUBCASE("no condition") { index = "sagas_by_id"; }
  SUBCASE("a type") {
    filter.types = {"order", "refund"};
    index = "sagas_by_type (type=? AND id<?)";
  }
  SUBCASE("a time") {
    filter.started_before = at(1'700'000'000'000);
    filter.started_after = at(1'600'000'000'000);
    index = "sagas_by_id (id>? AND id<?)";
  }
  SUBCASE("one status") {
    filter.statuses = {Status::stuck};
    index = "sagas_by_status (status=? AND id<?)";
  }
  SUBCASE("several statuses") {
    filter.statuses = {Status::stuck, Status::compensating, Status::abandoned};
    index = "sagas_by_status (status=? AND id<?)";
  }
  SUBCASE("error codes") {
    filter.error_codes = {"A", "B"};
    filter.statuses = {Status::stuck};
    index = "sagas_by_error (error_code=? AND id<?)";
  }
  const std::string text = plan(path, list_query(filter, {saga_id(9)}, 50, schema_version));
  CAPTURE(text);
  CHECK(has(text, index));
  CHECK_FALSE(has(text, "TEMP B-TREE"));
}

TEST_CASE("sagas are found by key and unfinished ones at opening without reading the ended ones") {
  TemporaryFolder folder;
  const std::string path = folder.file("store.db");
  { SqliteStore store(path); }
  SagaFilter by_key;
  by_key.keys = {"order-42"};
  CHECK(has(plan(path, list_query(by_key, {}, 50, schema_version)), "sagas_by_key (key=?)"));
  const std::string unfinished = plan(path, unfinished_query());
  CAPTURE(unfinished);
  CHECK(has(unfinished, "sagas_by_status (status=?)"));
  CHECK_FALSE(has(unfinished, "TEMP B-TREE"));
}

TEST_CASE("a filter with more values than SQLite takes is refused as invalid") {
  SagaFilter filter;
  filter.keys.assign(40'000, "k");
  CHECK_THROWS_AS(static_cast<void>(list_query(filter, {}, 50, schema_version)), Refused);
}
