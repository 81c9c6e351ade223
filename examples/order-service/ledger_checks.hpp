// The single checks of the ledger, over one connection with all six databases attached.
#pragma once

#include <set>
#include <string>

#include "ledger.hpp"
#include "skald/participant_database.hpp"

namespace order_service {

void check_stock(sqlite3* books, LedgerReport& report);
void check_accounts(sqlite3* books, LedgerReport& report);
void check_settled_orders(sqlite3* books, const std::set<std::string>& open_orders,
                          LedgerReport& report);
void check_keys(sqlite3* books, LedgerReport& report);

}  // namespace order_service
