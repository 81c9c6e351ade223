#include "payment.hpp"

#include <nlohmann/json.hpp>

#include "order.hpp"

namespace order_service {
namespace {

using skald::HandlerCall;
using skald::Outcome;

// A customer's account is opened with this at the first charge.
constexpr std::int64_t opening_cents = 100'000'000'000;

constexpr const char* tables =
    "CREATE TABLE IF NOT EXISTS accounts (customer TEXT PRIMARY KEY, opening INTEGER NOT NULL, "
    "  balance INTEGER NOT NULL CHECK (balance >= 0));"
    "CREATE TABLE IF NOT EXISTS charges (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  order_id TEXT NOT NULL, customer TEXT NOT NULL, amount INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS refunds (id INTEGER PRIMARY KEY, key TEXT NOT NULL, "
    "  charge_key TEXT NOT NULL, order_id TEXT NOT NULL, customer TEXT NOT NULL, "
    "  amount INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS charges_by_key ON charges (key)";

Outcome charge(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  skald::run_sql(tx, "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?)", order.customer,
                 opening_cents, opening_cents);
  const std::int64_t paid = skald::run_sql(
      tx, "UPDATE accounts SET balance = balance - ?1 WHERE customer = ?2 AND balance >= ?1",
      order.amount_cents, order.customer);
  if (paid == 0) return Outcome::rejected("DECLINED", "not enough money in the account");
  const auto id = skald::query_integer(
      tx, "INSERT INTO charges (key, order_id, customer, amount) VALUES (?, ?, ?, ?) RETURNING id",
      call.idempotency_key(), order.order_id, order.customer, order.amount_cents);
  return Outcome::success({{"charge", id.value()}, {"amount_cents", order.amount_cents}});
}

Outcome refund(const OrderInput& order, const HandlerCall& call, sqlite3* tx) {
  const auto amount =
      skald::query_integer(tx, "SELECT amount FROM charges WHERE key = ?", call.action_key());
  if (!amount) return Outcome::rejected("NO_CHARGE", "nothing was charged under this key");
  skald::run_sql(tx, "UPDATE accounts SET balance = balance + ? WHERE customer = ?", *amount,
                 order.customer);
  const auto id = skald::query_integer(
      tx,
      "INSERT INTO refunds (key, charge_key, order_id, customer, amount) "
      "VALUES (?, ?, ?, ?, ?) RETURNING id",
      call.idempotency_key(), call.action_key(), order.order_id, order.customer, *amount);
  return Outcome::success({{"refund", id.value()}});
}

}  // namespace

void add_payment(skald::Participant& payment, const Faults& faults) {
  skald::run_script(payment.database(), tables);
  faults.handle(payment, "charge", for_orders(charge));
  faults.handle(payment, "refund", for_orders(refund));
  faults.install(payment);
}

}  // namespace order_service
