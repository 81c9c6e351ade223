// The ledger check against a store: do stock, money and orders add up, as far as sagas have ended?
//
//   skald-order-ledger --store orders.db --data DIR
//
// Prints what it found; exit 1 when something does not add up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <set>
#include <string>

#include "ledger.hpp"
#include "skald/sqlite_reader.hpp"

namespace {

/// Orders whose sagas are not settled: their effects may stand or be undone, so the books need not
/// show either.
std::set<std::string> open_orders(const std::string& store) {
  constexpr std::size_t page = 1000;
  skald::SagaFilter filter;
  filter.types = {"place-order"};
  filter.statuses = {skald::Status::pending, skald::Status::running, skald::Status::compensating,
                     skald::Status::stuck, skald::Status::abandoned};
  skald::SqliteReader reader{store};
  std::set<std::string> orders;
  skald::Cursor cursor;
  for (;;) {
    const auto sagas = reader.list(filter, cursor, page);
    for (const auto& saga : sagas) {
      if (saga.key) {
        orders.insert(*saga.key);
      }
    }
    if (sagas.size() < page) {
      return orders;
    }
    cursor.after = sagas.back().id;
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Checks that the order service's books add up. Exit 0: they do; 1: they do not."};
  std::string data;
  std::string store;
  app.add_option("--data", data, "Folder of the participants' databases")->required();
  app.add_option("--store", store, "The store of the order service")->required();
  CLI11_PARSE(app, argc, argv);
  const auto report = order_service::ledger_check(data, open_orders(store));
  fmt::print("{}", report.text());
  return report.adds_up() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "skald-order-ledger: %s\n", error.what());
    return 1;
  }
}
