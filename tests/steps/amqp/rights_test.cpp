// An engine whose user has few rights: what is enough, and what is said when it is not.
#include <doctest/doctest.h>

#include "amqp_bench.hpp"
#include "amqp_rights.hpp"
#include "broker_user.hpp"
#include "log_lines.hpp"
#include "tcp_proxy.hpp"

using namespace skald;
using namespace skald::test;

namespace {

constexpr const char* engine = "engine-a";

bool mentions(const std::string& sentence, const std::string& part) {
  return sentence.find(part) != std::string::npos;
}

struct RightsBench {
  AmqpOptions as(const Rights& rights) {
    const BrokerUser user(Broker::shared(), rights);
    user_name = user.name();
    AmqpOptions options = user.login(direct);
    options.host = "127.0.0.1";
    options.port = proxy.port();
    return options;
  }
  void declare_all() {
    Wire administrator(direct);
    AmqpTopology(direct).declare_for_engine(administrator.connection, engine);
    administrator.connection.close();
  }
  std::string refusal_of(const AmqpOptions& options) {
    AmqpChannel channel(options, log.logger());
    try {
      channel.open(engine, notes);
    } catch (const ChannelError& error) {
      return error.what();
    }
    return "not refused";
  }
  // Commands and replies, also after a reconnect.
  void work(const AmqpOptions& options) {
    AmqpChannel channel(options, log.logger());
    channel.open(engine, notes);
    Participant inventory(direct, "inventory");
    for (std::uint64_t number = 1; number <= 3; ++number) {
      channel.send({command_for(number, "inventory")});
      inventory.answer(inventory.receive(), Outcome::success());
      notes.await([number](const auto& page) { return page.replies.size() >= number; },
                  "the reply");
      channel.receipt({notes.page().replies.back().receipt});
      proxy.cut();
    }
    CHECK(log.count("REFUSED", LogLevel::debug) == 0);
  }

  AmqpOptions direct = Broker::shared().options(unique_prefix());
  TcpProxy proxy{direct.port};
  LogLines log;
  Notes notes;
  std::string user_name;
};

}  // namespace

TEST_CASE_FIXTURE(RightsBench, "an engine needs no right to configure when all is there") {
  declare_all();
  work(as(rights_of_engine(direct.prefix, engine, Topology::made_by_administrator)));
}

TEST_CASE_FIXTURE(RightsBench,
                  "an engine that declares its queues needs the rights of the table only") {
  work(as(rights_of_engine(direct.prefix, engine, Topology::self_declared)));
}

TEST_CASE_FIXTURE(RightsBench,
                  "what is missing is named, with the right, the command and the way out") {
  const AmqpOptions options =
      as(rights_of_engine(direct.prefix, engine, Topology::made_by_administrator));
  std::string sentence = refusal_of(options);
  INFO(sentence);
  const std::string command =
      " in rabbitmqctl set_permissions -p '/' '" + user_name + "' CONFIGURE WRITE READ";
  CHECK(mentions(sentence, "refused declaring the exchange '" + direct.prefix + ".commands'"));
  CHECK(mentions(sentence, "CONFIGURE must match '" + direct.prefix + ".commands'" + command));
  CHECK(mentions(sentence, "or let an administrator declare the exchange '" + direct.prefix +
                               ".commands', which is not there yet"));
  {
    Wire administrator(direct);
    AmqpTopology(direct).declare_for_participant(administrator.connection, "inventory");
    administrator.connection.close();
  }
  sentence = refusal_of(options);
  INFO(sentence);
  const std::string queue = direct.prefix + ".reply." + engine;
  CHECK(mentions(sentence, "CONFIGURE must match '" + queue + "'" + command));
  CHECK(mentions(sentence, "or let an administrator declare the queue '" + queue + "'"));
  CHECK_FALSE(mentions(sentence, options.password));
}

TEST_CASE_FIXTURE(RightsBench, "an engine that may not publish or consume says so at its start") {
  declare_all();
  Rights rights = rights_of_engine(direct.prefix, engine, Topology::made_by_administrator);
  rights.write = "^amq[.]default$";
  const std::string mute = refusal_of(as(rights));
  INFO(mute);
  CHECK(mentions(mute, "refused publishing to the exchange '" + direct.prefix + ".commands'"));
  CHECK(mentions(mute, "WRITE must match '" + direct.prefix + ".commands' in rabbitmqctl"));
  rights = rights_of_engine(direct.prefix, engine, Topology::made_by_administrator);
  rights.read = "^$";
  const std::string deaf = refusal_of(as(rights));
  INFO(deaf);
  CHECK(mentions(deaf, "refused consuming from the queue '" + direct.prefix + ".reply." + engine));
  CHECK(mentions(deaf,
                 "READ must match '" + direct.prefix + ".reply." + engine + "' in rabbitmqctl"));
}

TEST_CASE("the advice is read from the words of old brokers and new ones") {
  const AmqpMethodRef bind{50, 20};
  const auto lacks = [](AmqpMethodRef method, const char* words, const char* expression) {
    const std::string advice = rights_advice(method, words);
    INFO(advice);
    return mentions(advice, std::string(expression) +
                                " must match 'q' in rabbitmqctl "
                                "set_permissions -p 'v' 'u' CONFIGURE");
  };
  CHECK(lacks(bind, "ACCESS_REFUSED - access to queue 'q' in vhost 'v' refused for user 'u'",
              "WRITE"));
  CHECK(lacks(bind, "ACCESS_REFUSED - access to exchange 'q' in vhost 'v' refused for user 'u'",
              "READ"));
  CHECK(lacks({50, 10}, "ACCESS_REFUSED - access to exchange 'q' in vhost 'v' refused for user 'u'",
              "WRITE"));
  CHECK(lacks({50, 10}, "- read access to queue 'q' in vhost 'v' refused for user 'u'", "READ"));
  // Cut off by the broker at 255 bytes, or about something else.
  CHECK(mentions(rights_advice({60, 40}, "access to exchange 'q' in vhost 'v' refused for us"),
                 "; give the user the rights it needs, by rabbitmqctl set_permissions"));
  CHECK(mentions(rights_advice({}, ""), "; give the user the rights it needs"));
}
