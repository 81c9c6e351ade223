#include <doctest/doctest.h>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

TEST_CASE("a command that its participant rejected unread has failed for good") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  Participant inventory(options, "inventory");
  channel.send({command_for(1, "inventory")});
  inventory.connection.reject(inventory.receive().tag);

  notes.await([](const auto& page) { return !page.replies.empty(); }, "the dead letter");
  const Reply reply = notes.page().replies[0];
  CHECK(reply.saga == command_for(1, "x").id.saga);
  CHECK(reply.step == "step-a");
  CHECK(reply.outcome.kind == OutcomeKind::failed);
  CHECK(reply.outcome.error.code == "DEAD_LETTERED");
  CHECK(reply.outcome.final_failure);
  channel.receipt({reply.receipt});
  channel.close();
  CHECK(left_in(options, options.prefix + ".dead").empty());
}

TEST_CASE("a command that was delivered too often is lost, not failed") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Notes notes;
  std::mutex mutex;
  std::condition_variable logged;
  bool lost = false;
  AmqpChannel channel(options, [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lost = lost || line.find("delivery_limit") != std::string_view::npos;
    logged.notify_all();
  });
  channel.open("engine-a", notes);
  Participant inventory(options, "inventory");
  channel.send({command_for(1, "inventory")});
  // The limit is 20 returns to the queue.
  for (int i = 0; i <= 20; ++i) inventory.connection.requeue(inventory.receive().tag);

  std::unique_lock lock(mutex);
  REQUIRE(logged.wait_for(lock, patience, [&] { return lost; }));
  lock.unlock();
  channel.close();
  CHECK(notes.page().replies.empty());
  CHECK(notes.page().unusable.empty());
  CHECK(left_in(options, options.prefix + ".dead").empty());
}

TEST_CASE("a dead letter of another engine is forwarded to that engine") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Notes notes_a;
  AmqpChannel engine_a(options);
  engine_a.open("engine-a", notes_a);
  Participant inventory(options, "inventory");
  engine_a.send({command_for(1, "inventory")});
  const Delivered command = inventory.receive();
  // With its sender away, the other engine is the only one who can take the dead letter.
  engine_a.close();
  Notes notes_b;
  AmqpChannel engine_b(options);
  engine_b.open("engine-b", notes_b);
  inventory.connection.reject(command.tag);

  // The forwarded letter is in the reply queue before its engine is back.
  {
    Wire onlooker(options);
    onlooker.connection.consume(options.prefix + ".reply.engine-a", "onlooker", 1);
    onlooker.connection.requeue(onlooker.receive().tag);
    onlooker.connection.close();
  }
  Notes notes;
  AmqpChannel again(options);
  again.open("engine-a", notes);
  notes.await([](const auto& page) { return !page.replies.empty(); }, "the forwarded letter");
  CHECK(notes.page().replies[0].outcome.error.code == "DEAD_LETTERED");
  CHECK(notes.page().replies[0].outcome.final_failure);
  again.close();
  engine_b.close();
  CHECK(notes_b.page().replies.empty());
  CHECK(left_in(options, options.prefix + ".dead").empty());
}

TEST_CASE("a dead letter of an engine that has gone is kept in quarantine") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  Notes notes;
  AmqpChannel channel(options);
  channel.open("engine-a", notes);
  Wire wire(options);
  wire.connection.select_confirms();
  std::string why_not;
  const auto orphan = encode_command(command_for(1, "inventory"), "engine-gone", "nowhere", Time{},
                                     options.limits, why_not);
  REQUIRE(orphan);
  REQUIRE(wire.publish(options.prefix + ".dead", "", *orphan));
  notes.await([](const auto& page) { return page.unusable.size() == 1; }, "the quarantine");
  CHECK(notes.page().unusable[0].first.reason == "UNKNOWN_ENGINE");
  channel.receipt({notes.page().unusable[0].second});
  channel.close();
  CHECK(left_in(options, options.prefix + ".dead").empty());
}
