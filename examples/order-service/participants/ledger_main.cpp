// skald-example-ledger: checks that stock, money and orders add up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "ledger.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Checks that the six participants' books add up. Exit 0: they do; 1: they do not."};
  std::string folder;
  std::vector<std::string> open;
  app.add_option("--data", folder, "Folder of the participants' databases")->required();
  app.add_option("--open", open, "Order that is not settled: stuck, under way or abandoned");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto report = order_service::ledger_check(folder, {open.begin(), open.end()});
    fmt::print("{}", report.text());
    return report.adds_up() ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "skald-example-ledger: {}\n", error.what());
    return 1;
  }
}
