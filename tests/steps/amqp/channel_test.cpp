#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "amqp_bench.hpp"

using namespace skald;
using namespace skald::test;

namespace {

struct ChannelBench {
  explicit ChannelBench(AmqpOptions with) : options(std::move(with)), channel(options) {
    channel.open("engine-a", notes);
  }
  ChannelBench() : ChannelBench(Broker::shared().options(unique_prefix())) {}
  [[nodiscard]] std::string reply_queue() const { return options.prefix + ".reply.engine-a"; }

  Notes notes;  // outlives the channel
  AmqpOptions options;
  AmqpChannel channel;
};

}  // namespace

TEST_CASE("a command reaches its participant as docs/wire.md says, and its reply comes back") {
  ChannelBench bench;
  Participant inventory(bench.options, "inventory");
  const Command command = command_for(1, "inventory");
  bench.channel.send({command});

  const Delivered delivered = inventory.receive();
  const WireMessage& message = delivered.message;
  CHECK(message.properties.message_id == command.id.to_string());
  CHECK(message.properties.correlation_id == command.id.idempotency_key());
  CHECK(message.properties.type == "reserve");
  CHECK(message.properties.reply_to == bench.reply_queue());
  CHECK(message.properties.app_id == "skald/engine-a");
  CHECK(std::get<std::int64_t>(message.headers.at("skald_attempt")) == 1);
  CHECK(message.body == command.body.text());
  inventory.answer(delivered, Outcome::success());

  bench.notes.await([](const auto& page) { return !page.replies.empty(); }, "the reply");
  bench.notes.await([](const auto& page) { return !page.confirmed.empty(); }, "the confirm");
  const auto page = bench.notes.page();
  REQUIRE(page.sent.size() == 1);
  CHECK(page.sent[0] == command.attempt);
  CHECK(page.confirmed == std::vector<Position>{1});
  CHECK(page.replies[0].saga == command.id.saga);
  CHECK(page.replies[0].step == "step-a");
  CHECK(page.replies[0].attempt.attempt == 1);
  CHECK(page.replies[0].outcome.kind == OutcomeKind::success);
  CHECK(page.replies[0].receipt != 0);
}

TEST_CASE("many commands are each confirmed and answered once, and all replies acknowledged") {
  constexpr std::size_t count = 3000;
  ChannelBench bench;
  Participant inventory(bench.options, "inventory");
  std::vector<Command> commands;
  for (std::size_t i = 1; i <= count; ++i) commands.push_back(command_for(i, "inventory"));
  bench.channel.send(std::move(commands));
  for (std::size_t i = 1; i <= count; ++i)
    inventory.answer(inventory.receive(), Outcome::success());

  // Replies beyond the prefetch only come once earlier ones are receipted.
  std::set<SagaId> answered;
  std::size_t seen = 0;
  while (seen < count) {
    bench.notes.await([&](const auto& page) { return page.replies.size() > seen; }, "a reply");
    const auto page = bench.notes.page();
    std::vector<std::uint64_t> receipts;
    for (; seen < page.replies.size(); ++seen) {
      receipts.push_back(page.replies[seen].receipt);
      answered.insert(page.replies[seen].saga);
    }
    bench.channel.receipt(receipts);
  }
  CHECK(answered.size() == count);
  bench.notes.await([](const auto& page) { return page.confirmed.size() == count; }, "confirms");
  auto confirmed = bench.notes.page().confirmed;
  std::ranges::sort(confirmed);
  CHECK(std::ranges::adjacent_find(confirmed) == confirmed.end());
  bench.channel.close();
  CHECK(left_in(bench.options, bench.reply_queue()).empty());
}

TEST_CASE(
    "a command that nobody takes any more, and that was sent before, may have had its effect") {
  ChannelBench bench;
  Command command = command_for(1, "nobody");
  command.sent_before = true;
  bench.channel.send({command});
  bench.notes.await([](const auto& page) { return page.replies.size() == 1; }, "the return");
  const Outcome outcome = bench.notes.page().replies[0].outcome;
  CHECK(outcome.kind == OutcomeKind::unknown);
  CHECK(outcome.error.code == "NO_PARTICIPANT");
}

TEST_CASE("a command that nobody takes has failed for now, and is confirmed") {
  ChannelBench bench;
  bench.channel.send({command_for(1, "nobody"), command_for(2, "nobody")});
  bench.notes.await([](const auto& page) { return page.replies.size() == 2; }, "the returns");
  bench.notes.await([](const auto& page) { return page.confirmed.size() == 2; }, "the confirms");
  const auto page = bench.notes.page();
  for (const Reply& reply : page.replies) {
    CHECK(reply.outcome.kind == OutcomeKind::failed);
    CHECK(reply.outcome.error.code == "NO_PARTICIPANT");
    CHECK_FALSE(reply.outcome.final_failure);
    CHECK(reply.receipt == 0);
  }
  CHECK(page.replies[0].saga != page.replies[1].saga);
}

TEST_CASE("a command over the size limit is answered for good and never sent") {
  ChannelBench bench;
  Participant inventory(bench.options, "inventory");
  Command large = command_for(1, "inventory");
  large.body = JsonText::trusted("\"" + std::string(bench.options.limits.body_bytes, 'x') + "\"");
  bench.channel.send({large, command_for(2, "inventory")});
  bench.notes.await([](const auto& page) { return !page.replies.empty(); }, "the refusal");
  const Reply refusal = bench.notes.page().replies[0];
  CHECK(refusal.outcome.error.code == "NOT_SENDABLE");
  CHECK(refusal.outcome.final_failure);
  CHECK(inventory.receive().message.properties.message_id == command_for(2, "x").id.to_string());
}

TEST_CASE("messages that cannot be used reach the quarantine, and the queue moves on") {
  ChannelBench bench;
  Wire hostile(bench.options);
  hostile.connection.select_confirms();
  const auto good = [&](std::uint64_t number) {
    WireMessage command;
    command.properties.message_id = command_for(number, "x").id.to_string();
    command.properties.correlation_id = command_for(number, "x").id.idempotency_key();
    return encode_reply(command, Outcome::success(), "r", Time{});
  };
  WireMessage broken = good(1);
  broken.body = "{\"output\": ";
  WireMessage huge = good(2);
  huge.body.assign(3 * bench.options.limits.body_bytes, ' ');
  WireMessage forged = good(3);
  forged.properties.correlation_id = command_for(4, "x").id.idempotency_key();
  const WireMessage bare;
  WireMessage deep = good(5);
  deep.body = "{\"output\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  for (const WireMessage& message : {broken, huge, forged, bare, deep, good(6)}) {
    REQUIRE(hostile.publish("", bench.reply_queue(), message));
  }

  bench.notes.await([](const auto& page) { return page.replies.size() == 1; }, "the good one");
  const auto page = bench.notes.page();
  CHECK(page.replies[0].saga == command_for(6, "x").id.saga);
  REQUIRE(page.unusable.size() == 5);
  std::vector<std::string> reasons;
  std::vector<std::uint64_t> receipts{page.replies[0].receipt};
  for (const auto& [message, receipt] : page.unusable) {
    reasons.push_back(message.reason);
    receipts.push_back(receipt);
    CHECK(message.body.size() <= bench.options.limits.body_bytes);
  }
  CHECK(reasons ==
        std::vector<std::string>{"BAD_JSON", "TOO_LARGE", "FORGED_KEY", "BAD_HEADERS", "BAD_JSON"});
  bench.channel.receipt(receipts);
  bench.channel.close();
  CHECK(left_in(bench.options, bench.reply_queue()).empty());
}

TEST_CASE("a full channel has no room until commands are confirmed") {
  AmqpOptions options = Broker::shared().options(unique_prefix());
  options.outgoing_limit = 10;
  ChannelBench bench(options);
  CHECK(bench.channel.has_room("inventory"));
  Participant inventory(bench.options, "inventory");
  std::vector<Command> commands;
  for (std::uint64_t i = 1; i <= 10; ++i) commands.push_back(command_for(i, "inventory"));
  bench.channel.send(std::move(commands));
  bench.notes.await([](const auto& page) { return page.room == 1; }, "room");
  CHECK(bench.channel.has_room("inventory"));
}

TEST_CASE("replies that were not receipted come again after a reopen, receipted ones do not") {
  const AmqpOptions options = Broker::shared().options(unique_prefix());
  {
    ChannelBench first(options);
    Participant inventory(options, "inventory");
    first.channel.send({command_for(1, "inventory"), command_for(2, "inventory")});
    inventory.answer(inventory.receive(), Outcome::success());
    inventory.answer(inventory.receive(), Outcome::success());
    first.notes.await([](const auto& page) { return page.replies.size() == 2; }, "both replies");
    first.channel.receipt({first.notes.page().replies[0].receipt});
  }
  ChannelBench second(options);
  second.notes.await([](const auto& page) { return !page.replies.empty(); }, "the reply again");
  CHECK(second.notes.page().replies[0].saga == command_for(2, "x").id.saga);
  second.channel.close();
  CHECK(second.notes.page().replies.size() == 1);
}
