// Orders: the book of orders.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the tables and handles `create` and `cancel`.
void add_orders(skald::Participant& orders, const Faults& faults);

}  // namespace order_service
