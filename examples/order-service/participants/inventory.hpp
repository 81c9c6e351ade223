// Inventory: stock levels, and the reservations that are taken from them.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the tables, fills the shelves of a new database, and handles `reserve` and `release`.
void add_inventory(skald::Participant& inventory, const Faults& faults);

}  // namespace order_service
