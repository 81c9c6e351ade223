#include "orders.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, customer TEXT NOT NULL, sku TEXT NOT NULL, "
    "  quantity INTEGER NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS cancellations (key TEXT NOT NULL, order_id TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS orders_by_key ON orders (key)";

Outcome create(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const auto id = skald::query_integer(
      tx,
      "INSERT INTO orders (key, order_id, customer, sku, quantity, amount, state) "
      "VALUES (?, ?, ?, ?, ?, ?, 'created') RETURNING id",
      call.idempotency_key(), order.order_id, order.customer, order.sku, order.quantity,
      order.amount_cents);
  return Outcome::success({{"order", id.value()}});
}

Outcome cancel(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  skald::run_sql(tx, "UPDATE orders SET state = 'cancelled' WHERE key = ?", call.action_key());
  skald::run_sql(tx, "INSERT INTO cancellations VALUES (?, ?)", call.idempotency_key(),
                 order.order_id);
  return Outcome::success();
}

}  // namespace

void add_orders(skald::Participant& orders, const Faults& faults) {
  skald::run_script(orders.database(), tables);
  faults.handle(orders, "create", for_orders(create));
  faults.handle(orders, "cancel", for_orders(cancel));
  faults.install(orders);
}

}  // namespace order_service
