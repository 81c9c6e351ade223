#include "ledger.hpp"

#include <fmt/format.h>

#include <string_view>

#include "all_participants.hpp"
#include "ledger_checks.hpp"

namespace order_service {
namespace {

std::int64_t number(sqlite3* books, std::string_view sql) {
  return skald::query_integer(books, sql).value_or(0);
}

void count(sqlite3* books, LedgerReport& report) {
  report.orders = number(books, "SELECT count(*) FROM orders.orders WHERE state = 'created'");
  report.cancelled = number(books, "SELECT count(*) FROM orders.orders WHERE state = 'cancelled'");
  report.charged_cents = number(books, "SELECT sum(amount) FROM payment.charges");
  report.refunded_cents = number(books, "SELECT sum(amount) FROM payment.refunds");
  report.reservations = number(books, "SELECT count(*) FROM inventory.reservations WHERE held = 1");
  report.shipments = number(books, "SELECT count(*) FROM shipping.shipments");
  report.emails = number(books, "SELECT count(*) FROM notification.emails");
  report.points = number(books, "SELECT sum(points) FROM loyalty.awards");
}

}  // namespace

LedgerReport ledger_check(const std::string& folder, const std::set<std::string>& open_orders) {
  const skald::ParticipantDatabase books(":memory:", skald::ParticipantDatabase::Access::write);
  for (const std::string_view name : participant_names) {
    const std::string file = database_file(folder, name);
    // Opening it alone first gives a clear error, and does not create a missing file as ATTACH
    // does.
    const skald::ParticipantDatabase probe(file, skald::ParticipantDatabase::Access::read);
    skald::run_sql(books.handle(), fmt::format("ATTACH ? AS {}", name), file);
  }
  LedgerReport report;
  // One transaction reads one state of each book.
  skald::run_script(books.handle(), "BEGIN");
  count(books.handle(), report);
  check_stock(books.handle(), report);
  check_accounts(books.handle(), report);
  check_settled_orders(books.handle(), open_orders, report);
  check_keys(books.handle(), report);
  skald::run_script(books.handle(), "COMMIT");
  return report;
}

std::string LedgerReport::text() const {
  std::string lines = fmt::format(
      "orders placed      {}, cancelled {}\n"
      "money              {} cents charged, {} refunded, {} kept\n"
      "reservations held  {}\n"
      "parcels            {}\n"
      "e-mails            {}\n"
      "points             {}\n",
      orders, cancelled, charged_cents, refunded_cents, charged_cents - refunded_cents,
      reservations, shipments, emails, points);
  for (const std::string& problem : problems) lines += "PROBLEM  " + problem + "\n";
  lines += adds_up() ? "Stock, money and orders add up.\n"
                     : fmt::format("{} things do not add up.\n", problems.size());
  return lines;
}

}  // namespace order_service
