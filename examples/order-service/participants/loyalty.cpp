#include "loyalty.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

constexpr std::int64_t cents_per_point = 100;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS awards (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, customer TEXT NOT NULL, points INTEGER NOT NULL)";

Outcome award(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const std::int64_t points = order.amount_cents / cents_per_point;
  skald::run_sql(tx, "INSERT INTO awards (key, order_id, customer, points) VALUES (?, ?, ?, ?)",
                 call.idempotency_key(), order.order_id, order.customer, points);
  return Outcome::success({{"points", points}});
}

}  // namespace

void add_loyalty(skald::Participant& loyalty, const Faults& faults) {
  skald::run_script(loyalty.database(), tables);
  faults.handle(loyalty, "award", for_orders(award));
  faults.install(loyalty);
}

}  // namespace order_service
