#include "order.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace order_service {
namespace {

constexpr std::int64_t number_max = 1'000'000'000;

const skald::Json& field(const skald::Json& input, const char* name) {
  if (!input.is_object() || !input.contains(name)) {
    throw BadOrder(fmt::format("the order has no \"{}\"", name));
  }
  return input[name];
}

std::string text_field(const skald::Json& input, const char* name) {
  const skald::Json& value = field(input, name);
  if (!value.is_string() || value.get<std::string>().empty()) {
    throw BadOrder(fmt::format("\"{}\" of the order must be a text", name));
  }
  return value.get<std::string>();
}

std::int64_t number_field(const skald::Json& input, const char* name, std::int64_t min) {
  const skald::Json& value = field(input, name);
  if (!value.is_number_integer() || value < min || value > number_max) {
    throw BadOrder(fmt::format("\"{}\" of the order must be a whole number from {} to {}", name,
                               min, number_max));
  }
  return value.get<std::int64_t>();
}

}  // namespace

OrderInput read_order(const skald::HandlerCall& call) {
  const skald::Json& input = call.input();
  return {text_field(input, "order_id"), text_field(input, "customer"), text_field(input, "sku"),
          number_field(input, "quantity", 1), number_field(input, "amount_cents", 0)};
}

skald::TransactionHandler for_orders(OrderHandler handler) {
  return [handler = std::move(handler)](const skald::HandlerCall& call, sqlite3* transaction) {
    try {
      return handler(read_order(call), call, transaction);
    } catch (const BadOrder& mistake) {
      return skald::Outcome::rejected("BAD_ORDER", mistake.what());
    }
  };
}

}  // namespace order_service
