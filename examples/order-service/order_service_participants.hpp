// The way to the six participants: inside this program, or over RabbitMQ.
#pragma once

#include <memory>

#include "order_service_options.hpp"
#include "skald/channel.hpp"

namespace order_service {

/// Owns what the choice needs. Must outlive the orchestrator that uses its channel.
class Participants {
 public:
  virtual ~Participants() = default;
  [[nodiscard]] virtual skald::Channel& channel() = 0;
};

/// With `rabbitmq` the broker at $SKALD_AMQP_URL, else the participants with their databases in
/// `data`, which is made if missing. \throws skald::Error
[[nodiscard]] std::unique_ptr<Participants> make_participants(const Options& options);

}  // namespace order_service
