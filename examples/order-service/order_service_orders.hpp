// Orders as they come in: JSON objects with an `order_id`, from the command line or a file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "order_service_options.hpp"
#include "skald/json.hpp"

namespace order_service {

struct Order {
  std::string id;     ///< Its `order_id`: the saga's business key.
  skald::Json input;  ///< The whole order.
};

/// All orders that the options name, in their order; checked before the first one is started.
/// \throws skald::Error that names the line of a text that is not an order, or an unreadable file.
[[nodiscard]] std::vector<Order> read_orders(const Options& options);

}  // namespace order_service
