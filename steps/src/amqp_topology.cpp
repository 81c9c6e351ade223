#include "amqp_topology.hpp"

#include <fmt/format.h>

#include "amqp_failure.hpp"

namespace skald {

namespace {

// Deliveries of one command before the broker gives it up; counted whenever a consumer dies.
constexpr std::int64_t command_delivery_limit = 20;
constexpr std::int64_t any_number_of_deliveries = -1;

[[noreturn]] void refuse_missing(const AccessRefused& refused, const char* what,
                                 const std::string& name) {
  throw ChannelError(
      fmt::format("{}; or let an administrator declare the {} '{}', which is not there yet",
                  refused.what(), what, name));
}

}  // namespace

void AmqpTopology::declare_exchange(AmqpConnection& connection, const std::string& name,
                                    const char* kind) {
  if (exchanges_made_.contains(name) && connection.exchange_exists(name)) return;
  try {
    connection.declare_exchange(name, kind);
  } catch (const AccessRefused& refused) {
    connection.reopen_channel();
    if (!connection.exchange_exists(name)) refuse_missing(refused, "exchange", name);
    exchanges_made_.insert(name);
  }
}

std::uint32_t AmqpTopology::declare_queue(AmqpConnection& connection, const std::string& name,
                                          const QueueArguments& arguments) {
  if (queues_made_.contains(name)) {
    if (const auto state = connection.inspect_queue(name)) return state->messages;
  }
  try {
    return connection.declare_queue(name, arguments);
  } catch (const AccessRefused& refused) {
    connection.reopen_channel();
    const auto state = connection.inspect_queue(name);
    if (!state) refuse_missing(refused, "queue", name);
    queues_made_.insert(name);
    return state->messages;
  }
}

// Whether it is bound cannot be asked. Who made the queue for this user has bound it, too.
void AmqpTopology::bind(AmqpConnection& connection, const std::string& queue,
                        const std::string& exchange, const std::string& routing_key) {
  if (queues_bound_.contains(queue)) return;
  try {
    connection.bind_queue(queue, exchange, routing_key);
  } catch (const AccessRefused&) {
    if (!queues_made_.contains(queue)) throw;
    connection.reopen_channel();
    queues_bound_.insert(queue);
  }
}

void AmqpTopology::declare_common(AmqpConnection& connection) {
  declare_exchange(connection, commands_exchange(), "direct");
  declare_exchange(connection, events_exchange(), "topic");
  declare_exchange(connection, dead(), "fanout");
  (void)declare_queue(connection, dead(), {.type = type_});
  bind(connection, dead(), dead(), "");
}

// A reply must never be dropped for having been delivered often. RabbitMQ 3 has no limit unless one
// is stated, and does not take -1.
AmqpTopology::ReplyQueue AmqpTopology::declare_for_engine(AmqpConnection& connection,
                                                          const std::string& engine) {
  declare_common(connection);
  QueueArguments arguments{.type = type_, .single_active_consumer = true};
  const bool limits = type_ == QueueType::quorum && connection.limits_deliveries();
  if (limits) {
    arguments.delivery_limit = any_number_of_deliveries;
    try {
      return {declare_queue(connection, reply_queue(engine), arguments), false};
    } catch (const DeclaredOtherwise&) {
      connection.reopen_channel();  // By RabbitMQ 3, perhaps; else the next line says why not.
    }
    arguments.delivery_limit = 0;
  }
  return {declare_queue(connection, reply_queue(engine), arguments), limits};
}

void AmqpTopology::declare_for_participant(AmqpConnection& connection,
                                           const std::string& participant) {
  declare_common(connection);
  const std::string queue = command_queue(participant);
  (void)declare_queue(
      connection, queue,
      {.type = type_, .dead_letter_exchange = dead(), .delivery_limit = command_delivery_limit});
  bind(connection, queue, commands_exchange(), participant);
}

}  // namespace skald
