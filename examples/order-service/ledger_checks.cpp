#include "ledger_checks.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace order_service {
namespace {

// Every row that the query finds is a problem, which the format tells with its columns.
template <typename Describe>
void each_row(sqlite3* books, std::string_view sql, Describe describe) {
  skald::SqlStatement rows(books, sql);
  while (rows.step()) describe(rows);
}

// Per order id: what each participant holds of it.
constexpr std::string_view per_order = R"sql(
WITH entries (order_id, placed, due, reserved, paid, shipped, emails, awards) AS (
  SELECT order_id, 1, amount, 0, 0, 0, 0, 0 FROM orders.orders WHERE state = 'created'
  UNION ALL SELECT order_id, 0, 0, 1, 0, 0, 0, 0 FROM inventory.reservations WHERE held = 1
  UNION ALL SELECT order_id, 0, 0, 0, amount, 0, 0, 0 FROM payment.charges
  UNION ALL SELECT order_id, 0, 0, 0, -amount, 0, 0, 0 FROM payment.refunds
  UNION ALL SELECT order_id, 0, 0, 0, 0, 1, 0, 0 FROM shipping.shipments
  UNION ALL SELECT order_id, 0, 0, 0, 0, 0, 1, 0 FROM notification.emails
  UNION ALL SELECT order_id, 0, 0, 0, 0, 0, 0, 1 FROM loyalty.awards),
totals AS (
  SELECT order_id, sum(placed) AS placed, sum(due) AS due, sum(reserved) AS reserved,
    sum(paid) AS paid, sum(shipped) AS shipped, sum(emails) AS emails, sum(awards) AS awards
  FROM entries GROUP BY order_id)
SELECT order_id, placed, due, reserved, paid, shipped, emails, awards FROM totals
WHERE reserved <> placed OR shipped <> placed OR paid <> due OR emails > placed OR awards > placed
ORDER BY order_id
)sql";

// Per customer: what went out of the account, and what was charged and refunded.
constexpr std::string_view per_account = R"sql(
WITH entries (customer, gone, charged, refunded) AS (
  SELECT customer, opening - balance, 0, 0 FROM payment.accounts
  UNION ALL SELECT customer, 0, amount, 0 FROM payment.charges
  UNION ALL SELECT customer, 0, 0, amount FROM payment.refunds),
totals AS (
  SELECT customer, sum(gone) AS gone, sum(charged) AS charged, sum(refunded) AS refunded
  FROM entries GROUP BY customer)
SELECT customer, gone, charged, refunded FROM totals WHERE gone <> charged - refunded
)sql";

struct Keyed {
  std::string_view table;
  std::string_view effect;
};
constexpr std::array<Keyed, 9> keyed{{{"inventory.reservations", "reserved"},
                                      {"inventory.releases", "released"},
                                      {"payment.charges", "charged"},
                                      {"payment.refunds", "refunded"},
                                      {"orders.orders", "created"},
                                      {"orders.cancellations", "cancelled"},
                                      {"shipping.shipments", "shipped"},
                                      {"notification.emails", "e-mailed"},
                                      {"loyalty.awards", "awarded"}}};

}  // namespace

void check_stock(sqlite3* books, LedgerReport& report) {
  each_row(books,
           "SELECT sku, initial, available, held FROM (SELECT sku, initial, available, "
           "(SELECT ifnull(sum(quantity), 0) FROM inventory.reservations r "
           " WHERE r.sku = stock.sku AND held = 1) AS held FROM inventory.stock) "
           "WHERE initial <> available + held",
           [&](const skald::SqlStatement& row) {
             report.problems.push_back(
                 fmt::format("stock of {}: there were {}, but {} are available and {} reserved",
                             row.text(0), row.integer(1), row.integer(2), row.integer(3)));
           });
}

void check_accounts(sqlite3* books, LedgerReport& report) {
  each_row(books, per_account, [&](const skald::SqlStatement& row) {
    report.problems.push_back(
        fmt::format("account of {}: {} cents are gone, but {} were charged and {} refunded",
                    row.text(0), row.integer(1), row.integer(2), row.integer(3)));
  });
  each_row(books,
           "SELECT r.key, r.amount, c.amount FROM payment.refunds r LEFT JOIN payment.charges c "
           "ON c.key = r.charge_key WHERE c.amount IS NULL OR c.amount <> r.amount",
           [&](const skald::SqlStatement& row) {
             report.problems.push_back(fmt::format("{} refunded {} cents, but {} were charged",
                                                   row.text(0), row.integer(1), row.integer(2)));
           });
}

void check_settled_orders(sqlite3* books, const std::set<std::string>& open_orders,
                          LedgerReport& report) {
  each_row(books, per_order, [&](const skald::SqlStatement& row) {
    if (open_orders.contains(row.text(0))) return;
    report.problems.push_back(fmt::format(
        "order {}: placed {} times for {} cents, but {} reservations are held, {} cents paid, {} "
        "parcels sent, {} e-mails sent, points awarded {} times",
        row.text(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5),
        row.integer(6), row.integer(7)));
  });
}

void check_keys(sqlite3* books, LedgerReport& report) {
  for (const Keyed& one : keyed) {
    each_row(
        books,
        fmt::format("SELECT key, count(*) FROM {} GROUP BY key HAVING count(*) > 1", one.table),
        [&](const skald::SqlStatement& row) {
          report.problems.push_back(
              fmt::format("{} was {} {} times", row.text(0), one.effect, row.integer(1)));
        });
  }
}

}  // namespace order_service
