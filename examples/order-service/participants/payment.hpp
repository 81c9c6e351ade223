// Payment: customers' accounts, what was charged to them and what was given back.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the tables and handles `charge` and `refund`.
void add_payment(skald::Participant& payment, const Faults& faults);

}  // namespace order_service
