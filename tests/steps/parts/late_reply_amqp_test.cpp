// Late replies over a real broker: from the serving process, from another, and after a restart.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"
#include "tcp_proxy.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

/// A participant that says `pending` to everything, and an engine's channel.
struct SlowShop {
  SlowShop() {
    SocketGuard guard;
    AmqpConnection connection(options, "a test", guard);
    AmqpTopology(options).declare_for_participant(connection, "payment");
    connection.close();
    channel.open("shop", listener);
  }
  ~SlowShop() { channel.close(); }
  SlowShop(const SlowShop&) = delete;
  SlowShop& operator=(const SlowShop&) = delete;

  std::unique_ptr<Participant> open() {
    auto participant = std::make_unique<Participant>("payment", folder.file("payment.db"));
    participant->handle(
        "charge", [](const HandlerCall&, sqlite3*) { return Outcome::pending(Duration{600'000}); });
    return participant;
  }
  static std::jthread serve(Participant& participant, const AmqpOptions& amqp) {
    return std::jthread([&participant, amqp](const std::stop_token& stop) {
      serve_over_amqp(participant, amqp, stop, {.log = [](LogLevel, std::string_view) {}});
    });
  }
  std::vector<Command> send(std::uint64_t count) {
    std::vector<Command> commands;
    for (std::uint64_t n = 1; n <= count; ++n) {
      commands.push_back(make_command(n, "payment", "charge"));
    }
    channel.send(commands);
    REQUIRE(listener.wait_for(Kind::replied, count));
    for (const Command& command : commands) {
      CHECK(listener.reply_to(command).kind == OutcomeKind::pending);
    }
    return commands;
  }
  // Late replies, at least one to each.
  void expect_charged(const std::vector<Command>& commands) {
    const auto answered = [&](const Command& command) {
      const auto entries = listener.of(command);
      return std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
        return entry.kind == Kind::replied && entry.outcome == charged;
      });
    };
    const auto deadline = std::chrono::steady_clock::now() + RecordingListener::patience;
    for (const Command& command : commands) {
      while (!answered(command) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
      }
      CHECK(answered(command));
    }
    CHECK(listener.count(Kind::unusable) == 0);
  }
  std::int64_t rows() {
    const ParticipantDatabase database(folder.file("payment.db"));
    return query_integer(database.handle(), "SELECT count(*) FROM skald_pending").value();
  }

  TemporaryFolder folder;
  AmqpOptions options = Broker::shared().options(unique_prefix());
  RecordingListener listener;
  AmqpChannel channel{options};
};

TEST_CASE_FIXTURE(SlowShop, "late replies are sent from any thread, and forgotten once confirmed") {
  const auto payment = open();
  {
    const auto serving = serve(*payment, options);
    const auto commands = send(400);
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < commands.size(); i += 4) {
          CHECK(payment->complete(commands[i].id, charged));
        }
      });
    }
    threads.clear();
    expect_charged(commands);
    // A redelivery is answered from memory.
    channel.send({make_command(1, "payment", "charge", 2)});
    CHECK(listener.reply_to(make_command(1, "payment", "charge", 2)) == charged);
  }
  CHECK(rows() == 0);
}

TEST_CASE_FIXTURE(SlowShop, "late replies that another process leaves are sent by who serves") {
  const auto payment = open();
  const auto serving = serve(*payment, options);
  const auto commands = send(20);
  const auto other = open();
  for (const Command& command : commands) CHECK(other->complete(command.id, charged));
  expect_charged(commands);
}

TEST_CASE_FIXTURE(SlowShop, "what was completed while nobody served is replied at the next start") {
  std::vector<Command> commands;
  {
    const auto payment = open();
    const auto serving = serve(*payment, options);
    commands = send(20);
  }
  {
    const auto between = open();
    for (const Command& command : commands) CHECK(between->complete(command.id, charged));
    CHECK(between->complete(commands.front().id, charged) == false);
    CHECK(listener.count(Kind::replied) == commands.size());
  }
  const auto payment = open();
  const auto serving = serve(*payment, options);
  expect_charged(commands);
}

TEST_CASE_FIXTURE(SlowShop, "connections that break lose no late reply") {
  TcpProxy proxy(options.port);
  AmqpOptions shaky = options;
  shaky.port = proxy.port();
  const auto payment = open();
  const auto serving = serve(*payment, shaky);
  const auto commands = send(200);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    CHECK(payment->complete(commands[i].id, charged));
    if (i % 20 == 10) proxy.cut();
  }
  expect_charged(commands);
}

}  // namespace
}  // namespace skald::test
