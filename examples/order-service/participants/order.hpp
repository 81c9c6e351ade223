// An order as the participants read it from a command's input.
#pragma once

#include <cstdint>
#include <string>

#include "skald/participant.hpp"

namespace order_service {

struct OrderInput {
  std::string order_id;
  std::string customer;
  std::string sku;
  std::int64_t quantity = 0;      ///< At least 1.
  std::int64_t amount_cents = 0;  ///< Of the whole order; at least 0.
};

/// \throws BadOrder, with a sentence, when a field is missing or of the wrong kind.
[[nodiscard]] OrderInput read_order(const skald::HandlerCall& call);

class BadOrder : public skald::Error {
 public:
  using skald::Error::Error;
};

/// A handler of orders: an input that is no order is `rejected` with `BAD_ORDER`.
using OrderHandler =
    std::function<skald::Outcome(const OrderInput&, const skald::HandlerCall&, sqlite3*)>;
[[nodiscard]] skald::TransactionHandler for_orders(OrderHandler handler);

}  // namespace order_service
