// Notification: e-mails to customers.
#pragma once

#include "faults.hpp"

namespace order_service {

/// Makes the table and handles `send`.
void add_notification(skald::Participant& notification, const Faults& faults);

}  // namespace order_service
