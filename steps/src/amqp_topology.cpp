#include "amqp_topology.hpp"

namespace skald {

namespace {

// Deliveries of one command before the broker gives it up; counted whenever a consumer dies.
constexpr std::int64_t command_delivery_limit = 20;

}  // namespace

void AmqpTopology::declare_common(AmqpConnection& connection) const {
  connection.declare_exchange(commands_exchange(), "direct");
  connection.declare_exchange(events_exchange(), "topic");
  connection.declare_exchange(dead(), "fanout");
  connection.declare_queue(dead(), {.type = type_});
  connection.bind_queue(dead(), dead(), "");
}

std::uint32_t AmqpTopology::declare_for_engine(AmqpConnection& connection,
                                               const std::string& engine) const {
  declare_common(connection);
  // A reply must never be dropped for having been delivered often: no delivery limit.
  return connection.declare_queue(reply_queue(engine),
                                  {.type = type_, .single_active_consumer = true});
}

void AmqpTopology::declare_for_participant(AmqpConnection& connection,
                                           const std::string& participant) const {
  declare_common(connection);
  connection.declare_queue(
      command_queue(participant),
      {.type = type_, .dead_letter_exchange = dead(), .delivery_limit = command_delivery_limit});
  connection.bind_queue(command_queue(participant), commands_exchange(), participant);
}

}  // namespace skald
