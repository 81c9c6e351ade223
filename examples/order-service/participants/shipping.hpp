// Shipping: parcels on their way. What has been scheduled cannot be taken back.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the table and handles `schedule`; `find`, which resolves it, is the barrier's.
void add_shipping(skald::Participant& shipping, const Faults& faults);

}  // namespace order_service
