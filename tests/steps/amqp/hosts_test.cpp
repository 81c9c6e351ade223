// Several hosts in one address: each attempt to connect goes to the next.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "amqp_bench.hpp"
#include "log_lines.hpp"
#include "skald/amqp_queues.hpp"
#include "tcp_proxy.hpp"

using namespace skald;
using namespace skald::test;

namespace {

// Two ways to the same broker, each of which can be closed.
struct Hosts {
  [[nodiscard]] AmqpOptions both() const {
    AmqpOptions options = direct;
    options.host = options.other_hosts.emplace_back().name = "127.0.0.1";
    options.port = first.port();
    options.other_hosts.back().port = second.port();
    return options;
  }
  [[nodiscard]] static std::string name(const TcpProxy& proxy) {
    return fmt::format("127.0.0.1:{}", proxy.port());
  }
  static void close(TcpProxy& proxy) {
    proxy.refuse(true);
    proxy.cut();
  }
  void send_and_answer(Participant& participant, AmqpChannel& channel, std::uint64_t number) {
    channel.send({command_for(number, "inventory")});
    participant.answer(participant.receive(), Outcome::success());
    notes.await([number](const auto& page) { return page.replies.size() >= number; }, "the reply");
  }

  AmqpOptions direct = Broker::shared().options(unique_prefix());
  TcpProxy first{direct.port};
  TcpProxy second{direct.port};
  LogLines log;
  Notes notes;
};

}  // namespace

TEST_CASE_FIXTURE(Hosts, "a host that is away is passed over, and the next one is connected to") {
  AmqpOptions options = both();
  // Were the back-off to come before the second host, nothing would come in time.
  options.reconnect_delay = options.reconnect_delay_max = Duration{120'000};
  first.refuse(true);
  AmqpChannel channel(options, log.logger());
  channel.open("engine-a", notes);
  Participant inventory(direct, "inventory");
  send_and_answer(inventory, channel, 1);
  log.await(fmt::format("connected to amqp://guest@{}/ for commands", name(second)));
  CHECK(log.count(fmt::format("; next is {} (commands", name(second))) == 1);
  CHECK(log.count(fmt::format("; next is {} (replies", name(second))) == 1);
}

TEST_CASE_FIXTURE(Hosts, "when the host in use dies, the one that has come back takes over") {
  first.refuse(true);
  AmqpChannel channel(both(), log.logger());
  channel.open("engine-a", notes);
  Participant inventory(direct, "inventory");
  send_and_answer(inventory, channel, 1);
  first.refuse(false);
  close(second);
  send_and_answer(inventory, channel, 2);
  log.await(fmt::format("connected to amqp://guest@{}/ for commands", name(first)));
  CHECK(log.count("lost amqp://guest@" + name(second)) >= 1);
  // And back again.
  second.refuse(false);
  close(first);
  send_and_answer(inventory, channel, 3);
}

TEST_CASE_FIXTURE(Hosts, "the back-off comes after a round of all hosts, and each is told once") {
  first.refuse(true);
  second.refuse(true);
  AmqpOptions options = both();
  options.reconnect_delay = options.reconnect_delay_max = Duration{120'000};
  AmqpChannel channel(options, log.logger());
  channel.open("engine-a", notes);
  log.await(fmt::format("; next is {} (commands", name(first)));
  CHECK(log.count("; next is " + name(second) + " (commands") == 1);
  CHECK(log.count("; next is " + name(first) + " (commands") == 1);
  CHECK(first.accepted() == 2);
  CHECK(second.accepted() == 2);
}

TEST_CASE_FIXTURE(Hosts, "the queues are asked of the host that answers") {
  Participant inventory(direct, "inventory");
  first.refuse(true);
  CHECK(command_queues(both(), {"inventory"}).contains("inventory"));
  second.refuse(true);
  CHECK_THROWS_AS((void)command_queues(both(), {"inventory"}), ChannelError);
}

TEST_CASE_FIXTURE(Hosts, "a host that refuses the login ends the start, and tells no password") {
  AmqpOptions options = both();
  options.password = "s3cret-not-it";
  first.refuse(true);
  AmqpChannel channel(options, log.logger());
  try {
    channel.open("engine-a", notes);
    FAIL("not refused");
  } catch (const ChannelError& error) {
    CHECK(std::string(error.what()).find(name(second)) != std::string::npos);
  }
  CHECK(log.count("s3cret") == 0);
}
