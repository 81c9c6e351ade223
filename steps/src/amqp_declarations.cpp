// Exchanges and queues over a connection: calls that wait for the broker's answer.
#include <fmt/format.h>

#include <charconv>
#include <random>

#include "amqp_bytes.hpp"
#include "amqp_connection.hpp"
#include "amqp_failure.hpp"

namespace skald {
namespace {

constexpr int first_major_that_limits = 4;

// What the broker said of itself when the connection was made; empty when it said nothing.
std::string_view property(const amqp_table_t& properties, std::string_view name) {
  for (int i = 0; i < properties.num_entries; ++i) {
    const amqp_table_entry_t& entry = properties.entries[i];
    if (amqp::view(entry.key) != name) continue;
    return entry.value.kind == AMQP_FIELD_KIND_UTF8 ? amqp::view(entry.value.value.bytes) : "";
  }
  return "";
}

}  // namespace

bool AmqpConnection::limits_deliveries() const {
  const amqp_table_t* properties = amqp_get_server_properties(state_.get());
  if (properties == nullptr || property(*properties, "product") != "RabbitMQ") return false;
  const std::string_view version = property(*properties, "version");
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major >= first_major_that_limits;
}

void AmqpConnection::declare_exchange(const std::string& name, const std::string& kind) {
  const GuardedCall call(guard_);
  amqp_exchange_declare(state_.get(), the_channel, amqp::bytes(name), amqp::bytes(kind), 0, 1, 0, 0,
                        amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("declaring the exchange '{}'", name));
}

std::uint32_t AmqpConnection::declare_queue(const std::string& name,
                                            const QueueArguments& arguments) {
  const GuardedCall call(guard_);
  const bool quorum = arguments.type == QueueType::quorum;
  std::vector<amqp_table_entry_t> entries{
      amqp::entry("x-queue-type", std::string_view(quorum ? "quorum" : "classic"))};
  if (!arguments.dead_letter_exchange.empty()) {
    entries.push_back(
        amqp::entry("x-dead-letter-exchange", std::string_view(arguments.dead_letter_exchange)));
  }
  if (quorum && arguments.delivery_limit != 0) {
    entries.push_back(amqp::entry("x-delivery-limit", arguments.delivery_limit));
  }
  if (arguments.single_active_consumer) {
    entries.push_back(amqp::entry("x-single-active-consumer", true));
  }
  const amqp_queue_declare_ok_t* declared = amqp_queue_declare(
      state_.get(), the_channel, amqp::bytes(name), 0, 1, 0, 0, amqp::table(entries));
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("declaring the queue '{}'", name));
  return declared->message_count;
}

bool AmqpConnection::exchange_exists(const std::string& name) {
  const GuardedCall call(guard_);
  amqp_exchange_declare(state_.get(), the_channel, amqp::bytes(name), amqp::bytes("direct"), 1, 1,
                        0, 0, amqp_empty_table);
  return found("exchange", name);
}

std::optional<QueueState> AmqpConnection::inspect_queue(const std::string& name) {
  const GuardedCall call(guard_);
  const amqp_queue_declare_ok_t* declared = amqp_queue_declare(
      state_.get(), the_channel, amqp::bytes(name), 1, 0, 0, 0, amqp_empty_table);
  if (declared != nullptr) return QueueState{declared->message_count, declared->consumer_count};
  (void)found("queue", name);
  return std::nullopt;
}

// What came of a passive declaration.
bool AmqpConnection::found(const char* what, const std::string& name) {
  const amqp_rpc_reply_t reply = amqp_get_rpc_reply(state_.get());
  const bool missing =
      reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD &&
      static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_code == AMQP_NOT_FOUND;
  if (!missing) {
    check_reply(reply, fmt::format("looking at the {} '{}'", what, name));
    return true;
  }
  // The broker has closed the channel over it.
  reopen_channel();
  return false;
}

void AmqpConnection::bind_queue(const std::string& queue, const std::string& exchange,
                                const std::string& routing_key) {
  const GuardedCall call(guard_);
  amqp_queue_bind(state_.get(), the_channel, amqp::bytes(queue), amqp::bytes(exchange),
                  amqp::bytes(routing_key), amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), fmt::format("binding the queue '{}'", queue));
}

ProbeAnswer AmqpConnection::check_may_publish(const std::string& exchange,
                                              std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  try {
    publish(exchange, fmt::format("skald.probe/{:08x}", std::random_device{}()), true, {});
    for (;;) {
      while (auto event = next()) {
        if (std::holds_alternative<Returned>(*event)) return ProbeAnswer::allowed;
        if (std::holds_alternative<Blocked>(*event)) return ProbeAnswer::blocked;
      }
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return ProbeAnswer::none;
      wait(-1, left);
    }
  } catch (const PublishRefused& refused) {
    throw AccessRefused(fmt::format(
        "{} refused publishing to the {}: {}", peer_,
        exchange.empty() ? "default exchange" : "exchange '" + exchange + "'", refused.words()));
  }
}

void AmqpConnection::select_confirms() {
  const GuardedCall call(guard_);
  amqp_confirm_select(state_.get(), the_channel);
  check_reply(amqp_get_rpc_reply(state_.get()), "asking for publisher confirms");
  // The broker counts from here on.
  published_ = 0;
}

void AmqpConnection::consume(const std::string& queue, const std::string& consumer,
                             std::uint16_t prefetch) {
  const GuardedCall call(guard_);
  const std::string operation = fmt::format("consuming from the queue '{}'", queue);
  amqp_basic_qos(state_.get(), the_channel, 0, prefetch, 0);
  check_reply(amqp_get_rpc_reply(state_.get()), operation);
  amqp_basic_consume(state_.get(), the_channel, amqp::bytes(queue), amqp::bytes(consumer), 0, 0, 0,
                     amqp_empty_table);
  check_reply(amqp_get_rpc_reply(state_.get()), operation);
}

}  // namespace skald
