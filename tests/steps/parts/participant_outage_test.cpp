// A participant whose broker has several hosts, or spoils its channel.
#include <doctest/doctest.h>

#include <thread>

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker.hpp"
#include "confirm_thief.hpp"
#include "log_lines.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"
#include "tcp_proxy.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

struct Shop {
  Shop() {
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(Outcome::success()));
  }
  ~Shop() { channel.close(); }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  // As an administrator does.
  void declare(const std::string& name = "payment") const {
    SocketGuard guard;
    AmqpConnection connection(options, "a test", guard);
    AmqpTopology(options).declare_for_participant(connection, name);
    connection.close();
  }
  std::jthread serve(const AmqpOptions& as) {
    return std::jthread([this, as](const std::stop_token& stop) {
      serve_over_amqp(participant, as, stop, {.log = log.logger()});
    });
  }
  void send(std::uint64_t from, std::uint64_t to) {
    std::vector<Command> commands;
    for (std::uint64_t n = from; n <= to; ++n) {
      commands.push_back(make_command(n, "payment", "charge"));
    }
    channel.send(std::move(commands));
  }
  std::int64_t effects() {
    return query_integer(participant.database(), "SELECT sum(n) FROM effects").value_or(0);
  }

  TemporaryFolder folder;
  AmqpOptions options = Broker::shared().options(unique_prefix());
  Participant participant{"payment", folder.file("payment.db")};
  LogLines log;
  RecordingListener listener;
  AmqpChannel channel{options};
};

}  // namespace

TEST_CASE_FIXTURE(Shop, "a participant goes on over the next host when its own dies") {
  declare();
  TcpProxy first(options.port);
  TcpProxy second(options.port);
  AmqpOptions both = options;
  both.host = "127.0.0.1";
  both.port = first.port();
  both.other_hosts = {{"127.0.0.1", second.port()}};
  first.refuse(true);
  const std::jthread serving = serve(both);
  channel.open("shop", listener);
  send(1, 5);
  REQUIRE(listener.wait_for(Kind::replied, 5));
  first.refuse(false);
  second.refuse(true);
  second.cut();
  send(6, 10);
  REQUIRE(listener.wait_for(Kind::replied, 10));
  CHECK(effects() == 10);
}

TEST_CASE_FIXTURE(Shop, "a channel that spoils replies after a reconnect is opened anew") {
  declare();
  for (const auto mode : {ConfirmThief::Mode::refuse, ConfirmThief::Mode::swallow}) {
    ConfirmThief thief(options.port);
    AmqpOptions shaky = options;
    shaky.host = "127.0.0.1";
    shaky.port = thief.port();
    shaky.confirm_timeout = Duration{120'000};
    shaky.trial_confirm_timeout = Duration{300};
    // Fewer than there are commands: unless replies are confirmed, the rest is never delivered.
    const bool refuses = mode == ConfirmThief::Mode::refuse;
    LogLines lines;
    RecordingListener replies;
    AmqpChannel engine(options);
    const std::jthread serving([&](const std::stop_token& stop) {
      serve_over_amqp(participant, shaky, stop, {.prefetch = 4, .log = lines.logger()});
    });
    engine.open(refuses ? "shop-a" : "shop-b", replies);
    const std::uint64_t base = refuses ? 0 : 100;
    const auto send_to = [&](std::uint64_t from, std::uint64_t to) {
      std::vector<Command> commands;
      for (std::uint64_t n = from; n <= to; ++n) {
        commands.push_back(make_command(base + n, "payment", "charge"));
      }
      engine.send(std::move(commands));
    };
    send_to(1, 5);
    REQUIRE(replies.wait_for(Kind::replied, 5));
    thief.spoil(2, 3, mode);
    thief.proxy().cut();
    send_to(6, 30);
    for (std::uint64_t n = 6; n <= 30; ++n) {
      CHECK(replies.reply_to(make_command(base + n, "payment", "charge")).kind ==
            OutcomeKind::success);
    }
    const char* const reason = refuses ? "refused a message on a new channel"
                                       : "has confirmed nothing for 300ms on a new channel";
    CHECK(lines.count(reason, LogLevel::warning) == 1);
    CHECK(lines.count(reason) == 2);
    CHECK(thief.spoilt() > 0);
    engine.close();
  }
  CHECK(effects() == 60);
}

}  // namespace skald::test
