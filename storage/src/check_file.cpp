#include "check_file.hpp"

#include <fmt/format.h>

#include "check_sagas.hpp"
#include "definition_table.hpp"
#include "schema.hpp"
#include "skald/error.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace skald {
namespace {

void check_with_sqlite(sqlite::Connection& connection, std::vector<std::string>& problems) {
  sqlite::Statement statement(connection, "PRAGMA integrity_check");
  auto rows = statement.rows();
  while (rows.next()) {
    if (rows.bytes(0) != "ok") problems.emplace_back(rows.bytes(0));
  }
}

void check_definitions(sqlite::Connection& connection, std::vector<std::string>& problems) {
  for (const UnusableDefinition& definition : DefinitionTable(connection).unusable()) {
    problems.push_back(fmt::format(
        "definition {} version {} (digest {}) cannot be used: {}; define it again", definition.type,
        definition.version, definition.digest.to_string(), definition.problem));
  }
}

void check_rest(sqlite::Connection& connection, std::vector<std::string>& problems) {
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
  check_sagas(connection, problems);
  check_definitions(connection, problems);
  check_rest(connection, problems);
  return problems;
}

}  // namespace skald
