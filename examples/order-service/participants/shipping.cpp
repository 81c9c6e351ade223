#include "shipping.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS shipments (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, customer TEXT NOT NULL, sku TEXT NOT NULL, "
    "  quantity INTEGER NOT NULL)";

Outcome schedule(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const auto id = skald::query_integer(
      tx,
      "INSERT INTO shipments (key, order_id, customer, sku, quantity) VALUES (?, ?, ?, ?, ?) "
      "RETURNING id",
      call.idempotency_key(), order.order_id, order.customer, order.sku, order.quantity);
  return Outcome::success({{"shipment", id.value()}});
}

}  // namespace

void add_shipping(skald::Participant& shipping, const Faults& faults) {
  skald::run_script(shipping.database(), tables);
  faults.handle(shipping, "schedule", for_orders(schedule));
  faults.install(shipping);
}

}  // namespace order_service
