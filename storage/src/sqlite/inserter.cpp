#include "sqlite/inserter.hpp"

#include <fmt/format.h>

#include <string>

namespace skald::sqlite {
namespace {

std::string insert_sql(std::string_view table, int columns, std::size_t rows) {
  std::string row = "(?";
  for (int i = 1; i < columns; ++i) row += ", ?";
  row += ')';
  std::string sql = fmt::format("INSERT OR FAIL INTO {} VALUES {}", table, row);
  for (std::size_t i = 1; i < rows; ++i) sql += ", " + row;
  return sql;
}

}  // namespace

Inserter::Inserter(Connection& connection, std::string_view table, int columns)
    : columns_(columns),
      statements_{{{rows_at_once, {connection, insert_sql(table, columns, rows_at_once)}},
                   {8, {connection, insert_sql(table, columns, 8)}},
                   {1, {connection, insert_sql(table, columns, 1)}}}} {}

}  // namespace skald::sqlite
