// Loyalty: points for customers who paid.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the table and handles `award`.
void add_loyalty(skald::Participant& loyalty, const Faults& faults);

}  // namespace order_service
