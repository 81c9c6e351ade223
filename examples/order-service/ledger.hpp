// The ledger check: do stock, money and orders add up over all six participants?
//
// It reads their databases and nothing else, so it believes neither the engine nor the broker. It
// is meant for a quiet system: orders whose sagas have not ended (stuck, paused) or were abandoned
// are to be named, and are left out of what only holds for settled orders.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace order_service {

struct LedgerReport {
  std::int64_t orders = 0;  ///< Placed: created and not cancelled.
  std::int64_t cancelled = 0;
  std::int64_t charged_cents = 0;
  std::int64_t refunded_cents = 0;
  std::int64_t reservations = 0;  ///< Held.
  std::int64_t shipments = 0;
  std::int64_t emails = 0;
  std::int64_t points = 0;
  std::vector<std::string> problems;  ///< One sentence each; none when all adds up.

  [[nodiscard]] bool adds_up() const { return problems.empty(); }
  /// For people, several lines.
  [[nodiscard]] std::string text() const;
};

/// Checks the databases `<folder>/<participant>.db`, which must exist. Checked are:
/// - per article: what there was = what is available + what is reserved;
/// - per account: what was there − what is there = charges − refunds;
/// - per settled order: as many reservations held and parcels sent as orders placed, and charges −
///   refunds = the amount of the orders placed; e-mails and points only for orders placed;
/// - nothing happened twice under one key, and nothing was undone that had not happened.
/// `open_orders` holds ids of orders that are not settled. \throws skald::ParticipantError
[[nodiscard]] LedgerReport ledger_check(const std::string& folder,
                                        const std::set<std::string>& open_orders = {});

}  // namespace order_service
