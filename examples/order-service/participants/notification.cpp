#include "notification.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS emails (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, customer TEXT NOT NULL, subject TEXT NOT NULL)";

Outcome send(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const auto id = skald::query_integer(
      tx, "INSERT INTO emails (key, order_id, customer, subject) VALUES (?, ?, ?, ?) RETURNING id",
      call.idempotency_key(), order.order_id, order.customer,
      "Your order " + order.order_id + " is on its way");
  return Outcome::success({{"email", id.value()}});
}

}  // namespace

void add_notification(skald::Participant& notification, const Faults& faults) {
  skald::run_script(notification.database(), tables);
  faults.handle(notification, "send", for_orders(send));
  faults.install(notification);
}

}  // namespace order_service
