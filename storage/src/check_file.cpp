#include "check_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "event_codec.hpp"
#include "schema.hpp"
#include "skald/error.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace skald {
namespace {

constexpr std::size_t problems_max = 100;

void check_with_sqlite(sqlite::Connection& connection, std::vector<std::string>& problems) {
  sqlite::Statement statement(connection, "PRAGMA integrity_check");
  auto rows = statement.rows();
  while (rows.next()) {
    if (rows.bytes(0) != "ok") problems.emplace_back(rows.bytes(0));
  }
}

/// Walks the journal saga by saga, in order of version.
void check_journal(sqlite::Connection& connection, std::vector<std::string>& problems) {
  sqlite::Statement statement(
      connection,
      "SELECT j.saga, j.version, j.at, j.body, s.id, j.position FROM journal j INDEXED BY "
      "journal_by_saga LEFT JOIN sagas s ON s.n = j.saga ORDER BY j.saga, j.version");
  auto rows = statement.rows();
  std::int64_t saga = -1;
  std::int64_t version = 0;
  while (rows.next() && problems.size() < problems_max) {
    version = rows.int64(0) == saga ? version + 1 : 1;
    saga = rows.int64(0);
    const std::string_view id_bytes = rows.bytes(4);
    if (id_bytes.size() != 16) {
      problems.push_back(fmt::format("journal row {} belongs to no saga", rows.int64(5)));
      continue;
    }
    std::array<std::uint8_t, 16> bytes{};
    std::copy(id_bytes.begin(), id_bytes.end(), bytes.begin());
    const SagaId id(bytes);
    if (rows.int64(1) != version) {
      problems.push_back(fmt::format("saga {} lacks journal version {}", id.to_string(), version));
      version = rows.int64(1);
    }
    try {
      static_cast<void>(decode_body(id, static_cast<std::uint64_t>(rows.int64(1)),
                                    Time(Duration(rows.int64(2))), rows.bytes(3)));
    } catch (const StoreError& error) {
      problems.push_back(fmt::format("saga {}, journal version {}: {}", id.to_string(),
                                     rows.int64(1), error.what()));
    }
  }
}

void check_rest(sqlite::Connection& connection, std::vector<std::string>& problems) {
  if (connection.ask("SELECT count(*) FROM sagas WHERE n NOT IN (SELECT saga FROM journal)") != 0) {
    problems.emplace_back("some sagas have no journal");
  }
  if (connection.ask("SELECT count(*) FROM meta") != 1) {
    problems.emplace_back("the store does not say whose it is");
  }
  const bool purges = connection.ask("PRAGMA user_version") >= schema_with_purges;
  const std::int64_t gaps =
      connection.ask(purges ? "SELECT max(last_position, (SELECT coalesce(max(position), 0) FROM "
                              "journal)) - rows - (SELECT count(*) FROM journal) FROM purged"
                            : "SELECT max(position) - min(position) + 1 - count(*) FROM journal");
  if (gaps != 0) problems.push_back(fmt::format("the journal lacks {} positions", gaps));
  if (!purges) return;
  const std::int64_t sagas = connection.ask(
      "SELECT max(last_n, (SELECT coalesce(max(n), 0) FROM sagas)) - sagas - "
      "(SELECT count(*) FROM sagas) FROM purged");
  if (sagas != 0) problems.push_back(fmt::format("the store lacks {} sagas", sagas));
}

}  // namespace

std::vector<std::string> check_file(sqlite::Connection& connection) {
  sqlite::Transaction one_state(connection, sqlite::Transaction::Kind::read);
  std::vector<std::string> problems;
  check_with_sqlite(connection, problems);
  // Rows of a file whose pages are broken tell nothing.
  if (!problems.empty()) return problems;
  check_journal(connection, problems);
  check_rest(connection, problems);
  return problems;
}

}  // namespace skald
