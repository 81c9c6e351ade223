#include "order_service_orders.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "skald/error.hpp"

namespace order_service {
namespace {

Order parse_order(const std::string& text, const std::string& where) {
  skald::Json input;
  try {
    input = skald::parse_json(text);
  } catch (const skald::JsonError& error) {
    throw skald::JsonError(fmt::format("{}: {}", where, error.what()));
  }
  if (!input.is_object() || !input.contains("order_id") || !input["order_id"].is_string()) {
    throw skald::JsonError(
        fmt::format("{}: an order is a JSON object with a text \"order_id\"", where));
  }
  auto id = input["order_id"].get<std::string>();
  return {std::move(id), std::move(input)};
}

void read_lines(std::istream& lines, const std::string& name, std::vector<Order>& orders) {
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      orders.push_back(parse_order(line, fmt::format("{}:{}", name, number)));
    }
  }
}

}  // namespace

std::vector<Order> read_orders(const Options& options) {
  std::vector<Order> orders;
  orders.reserve(options.orders.size());
  for (const auto& text : options.orders) {
    orders.push_back(parse_order(text, "--order"));
  }
  if (options.orders_file == "-") {
    read_lines(std::cin, "stdin", orders);
  } else if (!options.orders_file.empty()) {
    std::ifstream file{options.orders_file};
    if (!file) {
      throw skald::Error(fmt::format("cannot read orders from '{}'", options.orders_file));
    }
    read_lines(file, options.orders_file, orders);
  }
  return orders;
}

}  // namespace order_service
