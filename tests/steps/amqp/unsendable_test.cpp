// Messages that can never be published must not hold back the others.
#include <doctest/doctest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

constexpr std::size_t broker_limit = 65'536;

// One for the run: its message limit is below ours.
Broker small_broker() {
  static const OwnBroker broker("max_message_size = 65536\n");
  return *broker.operator->();
}

Command large_command(std::uint64_t number) {
  Command command = command_for(number, "inventory");
  command.body = JsonText::of(Json{{"input", std::string(broker_limit, 'x')}});
  return command;
}

struct UnsendableBench {
  explicit UnsendableBench(AmqpOptions with)
      : options(std::move(with)), channel(options, [](LogLevel, std::string_view) {}) {
    channel.open("engine-a", notes);
  }
  Notes notes;
  AmqpOptions options;
  AmqpChannel channel;
};

WireMessage dead_letter() {
  WireMessage dead;
  dead.properties.message_id = command_for(9, "x").id.to_string();
  dead.properties.correlation_id = command_for(9, "x").id.idempotency_key();
  dead.properties.app_id = "skald/engine-gone";
  return dead;
}

}  // namespace

TEST_CASE("a broker's limit below ours fails the commands over it, and no other one waits") {
  UnsendableBench bench(small_broker().options(unique_prefix()));
  Participant inventory(bench.options, "inventory");
  constexpr std::uint64_t count = 200;
  const std::set<std::uint64_t> culprits{1, 2, 77, 150, 200};
  std::vector<Command> commands;
  for (std::uint64_t i = 1; i <= count; ++i) {
    commands.push_back(culprits.contains(i) ? large_command(i) : command_for(i, "inventory"));
  }
  bench.channel.send(std::move(commands));

  std::set<std::string> arrived;
  while (arrived.size() < count - culprits.size()) {
    const Delivered delivered = inventory.receive();
    inventory.connection.ack(delivered.tag, false);
    arrived.insert(delivered.message.properties.message_id);
  }
  bench.notes.await([&](const auto& page) { return page.confirmed.size() == count; }, "confirms");
  const auto page = bench.notes.page();
  REQUIRE(page.replies.size() == culprits.size());
  std::set<SagaId> failed;
  for (const Reply& reply : page.replies) {
    failed.insert(reply.saga);
    CHECK(reply.outcome.kind == OutcomeKind::failed);
    CHECK(reply.outcome.final_failure);
    CHECK(reply.outcome.error.code == "NOT_SENDABLE");
    CHECK(reply.outcome.error.message.find("65536") != std::string::npos);
  }
  for (const std::uint64_t i : culprits) CHECK(failed.contains(command_for(i, "x").id.saga));
}

TEST_CASE("a command over the broker's limit that was sent before may have had its effect") {
  UnsendableBench bench(small_broker().options(unique_prefix()));
  Command command = large_command(1);
  command.sent_before = true;
  bench.channel.send({command});
  bench.notes.await([](const auto& page) { return page.replies.size() == 1; }, "the refusal");
  CHECK(bench.notes.page().replies[0].outcome.kind == OutcomeKind::unknown);
  CHECK(bench.notes.page().replies[0].outcome.error.code == "NOT_SENDABLE");
}

TEST_CASE("dead letters that cannot be forwarded are kept in quarantine and stop no command") {
  UnsendableBench bench(Broker::shared().options(unique_prefix()));
  Participant inventory(bench.options, "inventory");
  Wire hostile(bench.options);
  hostile.connection.select_confirms();
  WireMessage endless = dead_letter();
  endless.properties.app_id = "skald/" + std::string(249, 'e');
  WireMessage crowded = dead_letter();
  for (int i = 0; i < 10'000; ++i) crowded.headers["h" + std::to_string(i)] = true;
  WireMessage latin = dead_letter();
  latin.properties.app_id = "skald/caf\xe9";
  const std::string dead = bench.options.prefix + ".dead";
  for (const WireMessage& message : {endless, crowded, latin}) {
    REQUIRE(hostile.publish(dead, "", message));
  }
  bench.channel.send({command_for(1, "inventory")});
  CHECK(inventory.receive().message.properties.message_id == command_for(1, "x").id.to_string());
  bench.notes.await([](const auto& page) { return page.unusable.size() == 3; }, "the quarantine");
  std::multiset<std::string> reasons;
  std::vector<std::uint64_t> receipts;
  for (const auto& [message, receipt] : bench.notes.page().unusable) {
    reasons.insert(message.reason);
    receipts.push_back(receipt);
    CHECK(message.headers.size() <= metadata_bytes_max + 100);
  }
  CHECK(reasons == std::multiset<std::string>{"BAD_HEADERS", "NOT_SENDABLE", "TOO_LARGE"});
  bench.channel.receipt(receipts);
  bench.channel.close();
  CHECK(left_in(bench.options, dead).empty());
}

TEST_CASE("a reply whose step is not UTF-8 is kept in quarantine once, and the next one is read") {
  UnsendableBench bench(Broker::shared().options(unique_prefix()));
  Wire hostile(bench.options);
  hostile.connection.select_confirms();
  const std::string key = command_for(1, "x").id.saga.to_string() + "/caf\xe9/action";
  WireMessage command;
  command.properties.message_id = key + "/1";
  command.properties.correlation_id = key;
  const std::string queue = bench.options.prefix + ".reply.engine-a";
  REQUIRE(hostile.publish("", queue, encode_reply(command, Outcome::success(), "r", Time{})));
  command.properties.message_id = command_for(2, "x").id.to_string();
  command.properties.correlation_id = command_for(2, "x").id.idempotency_key();
  REQUIRE(hostile.publish("", queue, encode_reply(command, Outcome::success(), "r", Time{})));
  bench.notes.await([](const auto& page) { return page.replies.size() == 1; }, "the good one");
  REQUIRE(bench.notes.page().unusable.size() == 1);
  CHECK(bench.notes.page().unusable[0].first.reason == "BAD_HEADERS");
  bench.channel.receipt(
      {bench.notes.page().unusable[0].second, bench.notes.page().replies[0].receipt});
  bench.channel.close();
  CHECK(left_in(bench.options, queue).empty());
}

TEST_CASE("a message that grew over a frame when it died ends one connection, and no more") {
  UnsendableBench bench(Broker::shared().options(unique_prefix()));
  Participant inventory(bench.options, "inventory");
  Wire hostile(bench.options);
  hostile.connection.select_confirms();
  WireMessage full = dead_letter();
  // With what the broker adds for its death, the headers no longer fit into a frame.
  full.headers["fill"] = std::string(bench.options.frame_bytes_max - 250, 'f');
  REQUIRE(hostile.publish(bench.options.prefix + ".commands", "inventory", full));
  inventory.connection.reject(inventory.receive().tag);
  bench.notes.await([](const auto& page) { return page.unusable.size() == 1; }, "the quarantine");
  CHECK(bench.notes.page().unusable[0].first.reason == "BAD_HEADERS");
  bench.channel.send({command_for(1, "inventory")});
  inventory.answer(inventory.receive(), Outcome::success());
  bench.notes.await([](const auto& page) { return page.replies.size() == 1; }, "a later reply");
  bench.channel.close();
  CHECK(bench.notes.page().unusable.size() == 1);
  CHECK(left_in(bench.options, bench.options.prefix + ".dead").empty());
}
