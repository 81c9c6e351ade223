// A participant whose broker has several hosts, spoils its channel, or gives it few rights.
#include <doctest/doctest.h>

#include <thread>

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker_user.hpp"
#include "confirm_thief.hpp"
#include "log_lines.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"
#include "tcp_proxy.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

bool says(const std::string& sentence, const std::string& part) {
  return sentence.find(part) != std::string::npos;
}

struct FailingShop {
  FailingShop() {
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(Outcome::success()));
  }
  ~FailingShop() { channel.close(); }
  FailingShop(const FailingShop&) = delete;
  FailingShop& operator=(const FailingShop&) = delete;

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
  std::string refusal_of(const AmqpOptions& as) {
    // Stops at once should it not be refused.
    std::stop_source stop;
    stop.request_stop();
    try {
      serve_over_amqp(participant, as, stop.get_token(), {.log = log.logger()});
    } catch (const ChannelError& error) {
      return error.what();
    }
    return "not refused";
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
  void check_works(const AmqpOptions& as) {
    const std::jthread serving = serve(as);
    log.await("connected to " + as.describe() + " for commands");
    channel.open("shop", listener);
    send(1, 10);
    REQUIRE(listener.wait_for(Kind::replied, 10));
    CHECK(effects() == 10);
    CHECK(log.count("REFUSED") == 0);
  }

  TemporaryFolder folder;
  AmqpOptions options = Broker::shared().options(unique_prefix());
  Participant participant{"payment", folder.file("payment.db")};
  LogLines log;
  RecordingListener listener;
  AmqpChannel channel{options};
};

}  // namespace

TEST_CASE_FIXTURE(FailingShop, "a participant goes on over the next host when its own dies") {
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
  for (std::uint64_t n = 6; n <= 10; ++n) {  // Earlier replies may come again.
    CHECK(listener.reply_to(make_command(n, "payment", "charge")).kind == OutcomeKind::success);
  }
  CHECK(effects() == 10);
}

TEST_CASE_FIXTURE(FailingShop, "a channel that spoils replies after a reconnect is opened anew") {
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

TEST_CASE_FIXTURE(FailingShop, "a participant needs no right to configure when all is there") {
  declare();
  const BrokerUser user(Broker::shared(), rights_of_participant(options.prefix, "payment",
                                                                Topology::made_by_administrator));
  check_works(user.login(options));
}

TEST_CASE_FIXTURE(FailingShop,
                  "a participant that declares its queue needs the rights of the table only") {
  const BrokerUser user(Broker::shared(),
                        rights_of_participant(options.prefix, "payment", Topology::self_declared));
  check_works(user.login(options));
}

TEST_CASE_FIXTURE(FailingShop,
                  "a participant without its queue and the right to declare it says so") {
  const BrokerUser user(Broker::shared(), rights_of_participant(options.prefix, "payment",
                                                                Topology::made_by_administrator));
  declare("somebody-else");
  const std::string sentence = refusal_of(user.login(options));
  INFO(sentence);
  const std::string queue = options.prefix + ".cmd.payment";
  CHECK(says(sentence, "CONFIGURE must match '" + queue +
                           "' in rabbitmqctl set_permissions -p '/' '" + user.name() + "'"));
  CHECK(says(sentence, "or let an administrator declare the queue '" + queue + "'"));
}

TEST_CASE_FIXTURE(FailingShop, "a participant that may not reply says so at its start") {
  declare();
  Rights rights = rights_of_participant(options.prefix, "payment", Topology::made_by_administrator);
  rights.write = "^" + options.prefix;
  const BrokerUser user(Broker::shared(), rights);
  const std::string sentence = refusal_of(user.login(options));
  INFO(sentence);
  CHECK(says(sentence, "refused publishing to the default exchange"));
  CHECK(says(sentence, "WRITE must match 'amq.default' in rabbitmqctl set_permissions"));
}

}  // namespace skald::test
