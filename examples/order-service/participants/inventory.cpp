#include "inventory.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

// Plenty of everything but chairs and the one vase.
constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, initial INTEGER NOT NULL, "
    "  available INTEGER NOT NULL CHECK (available >= 0));"
    "CREATE TABLE IF NOT EXISTS reservations (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL, "
    "  held INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS releases (key TEXT NOT NULL, order_id TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS reservations_by_key ON reservations (key);"
    "INSERT OR IGNORE INTO stock VALUES ('mug', 1000000, 1000000), ('lamp', 1000000, 1000000), "
    "  ('chair', 10, 10), ('vase', 1, 1)";

Outcome reserve(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const auto available =
      skald::query_integer(tx, "SELECT available FROM stock WHERE sku = ?", order.sku);
  if (!available) return Outcome::rejected("UNKNOWN_SKU", "we do not sell " + order.sku);
  if (*available < order.quantity) {
    return Outcome::rejected("OUT_OF_STOCK",
                             "only " + std::to_string(*available) + " of " + order.sku + " left");
  }
  skald::run_sql(tx, "UPDATE stock SET available = available - ? WHERE sku = ?", order.quantity,
                 order.sku);
  const auto id = skald::query_integer(
      tx,
      "INSERT INTO reservations (key, order_id, sku, quantity, held) VALUES (?, ?, ?, ?, 1) "
      "RETURNING id",
      call.idempotency_key(), order.order_id, order.sku, order.quantity);
  return Outcome::success({{"reservation", id.value()}});
}

Outcome release(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  skald::run_sql(tx,
                 "UPDATE stock SET available = available + (SELECT quantity FROM reservations "
                 "WHERE key = ? AND held = 1) WHERE sku = ?",
                 call.action_key(), order.sku);
  skald::run_sql(tx, "UPDATE reservations SET held = 0 WHERE key = ?", call.action_key());
  skald::run_sql(tx, "INSERT INTO releases VALUES (?, ?)", call.idempotency_key(), order.order_id);
  return Outcome::success();
}

}  // namespace

void add_inventory(skald::Participant& inventory, const Faults& faults) {
  skald::run_script(inventory.database(), tables);
  faults.handle(inventory, "reserve", for_orders(reserve));
  faults.handle(inventory, "release", for_orders(release));
  faults.install(inventory);
}

}  // namespace order_service
