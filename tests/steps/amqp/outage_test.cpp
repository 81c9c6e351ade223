#include <doctest/doctest.h>

#include <set>

#include "amqp_bench.hpp"
#include "tcp_proxy.hpp"

using namespace skald;
using namespace skald::test;

namespace {

// A channel whose way to the broker can be disturbed; participants take the direct one.
struct OutageBench {
  explicit OutageBench(std::chrono::seconds heartbeat = std::chrono::seconds{10})
      : direct(Broker::shared().options(unique_prefix())),
        proxy(direct.port),
        channel(through_proxy(heartbeat), [this](LogLevel, std::string_view line) {
          const std::lock_guard lock(mutex);
          log.append(line).append("\n");
          logged.notify_all();
        }) {}

  AmqpOptions through_proxy(std::chrono::seconds heartbeat) const {
    AmqpOptions options = direct;
    options.host = "127.0.0.1";
    options.port = proxy.port();
    options.heartbeat = heartbeat;
    return options;
  }
  void send(std::uint64_t first, std::uint64_t last) {
    std::vector<Command> commands;
    for (; first <= last; ++first) commands.push_back(command_for(first, "inventory"));
    channel.send(std::move(commands));
  }
  void await_log(std::string_view words) {
    std::unique_lock lock(mutex);
    const bool came =
        logged.wait_for(lock, patience, [&] { return log.find(words) != std::string::npos; });
    REQUIRE_MESSAGE(came, "waited in vain for the log to say: " << words);
  }

  std::mutex mutex;
  std::condition_variable logged;
  std::string log;
  Notes notes;
  AmqpOptions direct;
  TcpProxy proxy;
  AmqpChannel channel;
};

// Answers commands until so many different ones have come; the redelivered ones are answered again.
void answer_all(Participant& participant, std::size_t count) {
  std::set<std::string> keys;
  while (keys.size() < count) {
    const Delivered command = participant.receive();
    participant.answer(command, Outcome::success());
    keys.insert(command.message.properties.correlation_id);
  }
}

void await_all_answered(Notes& notes, std::size_t count) {
  notes.await(
      [&](const auto& page) {
        std::set<SagaId> sagas;
        for (const Reply& reply : page.replies) sagas.insert(reply.saga);
        return sagas.size() == count;
      },
      "an answer to each");
  notes.await(
      [&](const auto& page) {
        return std::set<Position>(page.confirmed.begin(), page.confirmed.end()).size() == count;
      },
      "a confirm of each");
}

// A broker that has just started may leave a request unanswered while its queues elect a leader:
// like any participant, this one then connects anew.
std::unique_ptr<Participant> participant_after_restart(const AmqpOptions& options) {
  for (int attempt = 1;; ++attempt) {
    try {
      return std::make_unique<Participant>(options, "inventory");
    } catch (const ConnectionLost&) {
      if (attempt == 5) throw;
    }
  }
}

}  // namespace

TEST_CASE("connections that are cut come back by themselves, and nothing is lost") {
  OutageBench bench;
  bench.channel.open("engine-a", bench.notes);
  Participant inventory(bench.direct, "inventory");
  bench.send(1, 200);
  bench.notes.await([](const auto& page) { return page.sent.size() > 20; }, "some to be sent");
  bench.proxy.cut();
  bench.send(201, 300);
  answer_all(inventory, 250);
  bench.proxy.cut();
  answer_all(inventory, 50);
  await_all_answered(bench.notes, 300);
  CHECK(bench.proxy.accepted() >= 4);
}

TEST_CASE("receipts of an earlier connection acknowledge nothing on the next") {
  OutageBench bench;
  bench.channel.open("engine-a", bench.notes);
  Participant inventory(bench.direct, "inventory");
  bench.send(1, 2);
  answer_all(inventory, 2);
  bench.notes.await([](const auto& page) { return page.replies.size() == 2; }, "both replies");
  bench.proxy.cut();
  bench.notes.await([](const auto& page) { return page.replies.size() == 4; }, "both again");
  const auto page = bench.notes.page();
  bench.channel.receipt({page.replies[0].receipt, page.replies[1].receipt});
  bench.channel.close();
  CHECK(left_in(bench.direct, bench.direct.prefix + ".reply.engine-a").size() == 2);
}

TEST_CASE("a broker that is away when the channel opens is waited for") {
  OutageBench bench;
  bench.proxy.refuse(true);
  bench.channel.open("engine-a", bench.notes);
  bench.send(1, 3);
  bench.channel.withdraw(command_for(2, "x").id.saga, command_for(2, "x").attempt);
  Participant inventory(bench.direct, "inventory");
  CHECK(bench.notes.page().sent.empty());
  bench.proxy.refuse(false);
  answer_all(inventory, 2);
  bench.notes.await([](const auto& page) { return page.replies.size() == 2; }, "two answers");
  bench.notes.await([](const auto& page) { return page.confirmed.size() == 2; }, "two confirms");
  CHECK(bench.notes.page().confirmed == std::vector<Position>{1, 3});
}

TEST_CASE("a broker that hangs is noticed within two heartbeats, and waited for") {
  OutageBench bench(std::chrono::seconds{1});
  bench.channel.open("engine-a", bench.notes);
  Participant inventory(bench.direct, "inventory");
  bench.proxy.hold(true);
  bench.send(1, 5);
  bench.await_log("silent for two heartbeats (commands of engine-a)");
  bench.await_log("silent for two heartbeats (replies to engine-a)");
  bench.proxy.hold(false);
  answer_all(inventory, 5);
  await_all_answered(bench.notes, 5);
}

TEST_CASE("a broker that reads nothing any more is cut off by the watchdog") {
  OutageBench bench(std::chrono::seconds{1});
  bench.channel.open("engine-a", bench.notes);
  Participant inventory(bench.direct, "inventory");
  bench.proxy.hold(true);
  // More than the socket's buffers hold, so that publishing blocks.
  std::vector<Command> large;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    large.push_back(command_for(i, "inventory"));
    large.back().body = JsonText::trusted("{\"input\":\"" + std::string(1'000'000, 'x') + "\"}");
  }
  bench.channel.send(std::move(large));
  bench.await_log("while publishing");
  bench.proxy.cut();
  bench.proxy.hold(false);
  answer_all(inventory, 30);
  await_all_answered(bench.notes, 30);
}

TEST_CASE("close returns within a second even when the broker hangs") {
  OutageBench bench;
  bench.channel.open("engine-a", bench.notes);
  bench.proxy.hold(true);
  bench.send(1, 5);
  bench.notes.await([](const auto& page) { return page.sent.size() == 5; }, "all to be sent");
  const auto began = std::chrono::steady_clock::now();
  bench.channel.close();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds{1500});
  bench.channel.close();
}

TEST_CASE("a broker killed in mid-flight and started again loses nothing") {
  OwnBroker broker;
  AmqpOptions options = broker->options(unique_prefix());
  Notes notes;
  AmqpChannel channel(options, [](LogLevel, std::string_view) {});
  channel.open("engine-a", notes);
  auto inventory = std::make_unique<Participant>(options, "inventory");
  // The broker writes down within half a second that a quorum queue exists; one that was declared
  // just before a kill stays unusable. A polite stop makes sure of it, and is a test of its own.
  inventory.reset();
  broker->run("stop");
  broker->run("start");
  inventory = participant_after_restart(options);
  constexpr std::uint64_t count = 500;
  std::vector<Command> commands;
  for (std::uint64_t i = 1; i <= count; ++i) commands.push_back(command_for(i, "inventory"));
  channel.send(std::move(commands));
  answer_all(*inventory, 100);
  broker->run("kill");
  inventory.reset();
  broker->run("start");
  inventory = participant_after_restart(options);
  notes.await(
      [](const auto& page) {
        return std::set<Position>(page.confirmed.begin(), page.confirmed.end()).size() == count;
      },
      "a confirm of each");
  // What was acknowledged before the kill does not come again; its reply may be lost with the
  // broker, as this participant awaits no confirms. All others must come.
  answer_all(*inventory, count - 100);
}

TEST_CASE("while the broker is blocked by an alarm, commands wait and then go out") {
  OwnBroker broker;
  AmqpOptions options = broker->options(unique_prefix());
  options.outgoing_limit = 20;
  Notes notes;
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false;
  AmqpChannel channel(options, [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    blocked = blocked || line.find("takes no commands for now") != std::string_view::npos;
    changed.notify_all();
  });
  channel.open("engine-a", notes);
  Participant inventory(options, "inventory");
  broker->run("ctl", "set_vm_memory_high_watermark 0");
  // A connection is only told that it is blocked once it publishes.
  channel.send({command_for(1, "inventory")});
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, patience, [&] { return blocked; }));
  }
  const std::size_t sent_before = notes.page().sent.size();
  std::vector<Command> commands;
  for (std::uint64_t i = 2; i <= 21; ++i) commands.push_back(command_for(i, "inventory"));
  channel.send(std::move(commands));
  CHECK_FALSE(channel.has_room("inventory"));
  CHECK(notes.page().sent.size() == sent_before);
  broker->run("ctl", "set_vm_memory_high_watermark 0.4");
  notes.await([](const auto& page) { return page.confirmed.size() == 21 && page.room > 0; },
              "all confirms, and that there is room again");
  CHECK(notes.page().room == 1);
}
