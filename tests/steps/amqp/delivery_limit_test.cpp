// RabbitMQ 4 gives every quorum queue a delivery limit of 20 for which nothing else is stated.
#include <doctest/doctest.h>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

constexpr int more_than_the_limit = 30;

WireMessage reply_to(const Command& command) {
  WireMessage sent;
  sent.properties.message_id = command.id.to_string();
  sent.properties.correlation_id = command.id.idempotency_key();
  return encode_reply(sent, Outcome::success(), "reply", Time{});
}

// What an engine's channel warns of while it opens.
std::string warnings_of_opening(const AmqpOptions& options) {
  std::mutex mutex;
  std::string warnings;
  Notes notes;
  AmqpChannel channel(options, [&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    if (level >= LogLevel::warning) warnings.append(line).append("\n");
  });
  channel.open("engine-a", notes);
  channel.close();
  const std::lock_guard lock(mutex);
  return warnings;
}

}  // namespace

TEST_CASE("a reply is never dropped for having been delivered often") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Wire engine(options);
  AmqpTopology topology(options);
  (void)topology.declare_for_engine(engine.connection, "engine-a");
  engine.connection.select_confirms();
  REQUIRE(
      engine.publish("", topology.reply_queue("engine-a"), reply_to(command_for(1, "inventory"))));
  engine.connection.consume(topology.reply_queue("engine-a"), "replies", 1);
  for (int i = 0; i < more_than_the_limit; ++i) {
    INFO("delivery " << i + 1);
    engine.connection.requeue(engine.receive().tag);
  }
  engine.connection.close();

  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  notes.await([](const auto& page) { return page.replies.size() == 1; }, "the reply");
}

TEST_CASE("a reply queue of an earlier RabbitMQ is used as it is, and its limit is warned of") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Wire earlier(options);
  earlier.connection.declare_queue(AmqpTopology(options).reply_queue("engine-a"),
                                   {.type = QueueType::quorum, .single_active_consumer = true});
  const std::string warnings = warnings_of_opening(options);
  INFO(warnings);
  const bool limits = earlier.connection.limits_deliveries();
  CHECK((warnings.find("delivered 20 times in vain") != std::string::npos) == limits);
  if (!limits) CHECK(warnings.empty());
}

TEST_CASE("a reply queue that this engine has made is opened again without a warning") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  CHECK(warnings_of_opening(options).empty());
  CHECK(warnings_of_opening(options).empty());
}

TEST_CASE("a classic reply queue has no delivery limit to state") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.queue_type = QueueType::classic;
  CHECK(warnings_of_opening(options).empty());
}
