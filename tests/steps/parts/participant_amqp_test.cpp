// The participant kit over a real broker, and the AMQP channel with it at the other end.
#include "skald/participant_amqp.hpp"

#include <doctest/doctest.h>

#include <map>
#include <thread>

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker.hpp"
#include "skald/amqp_channel.hpp"
#include "tcp_proxy.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;
constexpr std::chrono::seconds patience{30};

/// A participant that serves in a thread of its own until it is destroyed.
class Serving {
 public:
  Serving(Participant& participant, AmqpOptions amqp, ServeOptions options = {})
      : thread_([&participant, amqp = std::move(amqp), options](const std::stop_token& stop) {
          serve_over_amqp(participant, amqp, stop, options);
        }) {}

 private:
  std::jthread thread_;
};

// Commands must find their queues: the engine does not make them.
void declare_queue(const AmqpOptions& options, const std::string& participant) {
  SocketGuard guard;
  AmqpConnection connection(options, "a test", guard);
  AmqpTopology(options).declare_for_participant(connection, participant);
  connection.close();
}

class AmqpFixture final : public ChannelFixture {
 public:
  AmqpFixture()
      : options_(Broker::shared().options(unique_prefix())),
        proxy_(options_.port),
        channel_(channel_options()) {}
  Channel& channel() override { return channel_; }
  void handle(const std::string& participant, const std::string& action, Handler handler) override {
    auto& known = participants_[participant];
    if (!known) known = std::make_unique<Participant>(participant, folder_.file(participant));
    known->handle(action, [handler](const HandlerCall& call, sqlite3*) { return handler(call); });
  }
  void open(ChannelListener& listener) override {
    for (auto& [name, participant] : participants_) {
      declare_queue(options_, name);
      serving_.push_back(std::make_unique<Serving>(*participant, options_));
    }
    channel_.open("conformance", listener);
  }
  void open_held(ChannelListener& listener) override {
    proxy_.refuse(true);
    open(listener);
  }
  void release() override { proxy_.refuse(false); }
  std::size_t queue_limit() const override { return 8; }
  bool has_room_per_participant() const override { return false; }
  bool reports_sent_first() const override { return false; }

 private:
  AmqpOptions channel_options() const {
    AmqpOptions options = options_;
    options.port = proxy_.port();
    options.outgoing_limit = queue_limit();
    return options;
  }

  TemporaryFolder folder_;
  AmqpOptions options_;
  TcpProxy proxy_;
  std::map<std::string, std::unique_ptr<Participant>> participants_;
  std::vector<std::unique_ptr<Serving>> serving_;
  AmqpChannel channel_;
};

TEST_CASE("the AMQP channel, with the participant kit behind it, is a channel") {
  check_channel_conformance([] { return std::make_unique<AmqpFixture>(); });
}

struct Shop {
  Shop() {
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(Outcome::success({{"charge", 7}})));
    declare_queue(options, "payment");
  }
  ~Shop() { channel.close(); }
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  std::int64_t effects() {
    return query_integer(participant.database(), "SELECT sum(n) FROM effects").value_or(0);
  }
  void send(std::uint64_t from, std::uint64_t to, std::uint32_t attempt = 1) {
    std::vector<Command> commands;
    for (std::uint64_t n = from; n <= to; ++n) {
      commands.push_back(make_command(n, "payment", "charge", attempt));
    }
    channel.send(std::move(commands));
  }

  TemporaryFolder folder;
  AmqpOptions options = Broker::shared().options(unique_prefix());
  Participant participant{"payment", folder.file("payment.db")};
  RecordingListener listener;
  AmqpChannel channel{options};
};

TEST_CASE_FIXTURE(Shop, "connections that break cost no command and double no effect") {
  constexpr std::uint64_t total = 300;
  TcpProxy proxy(options.port);
  AmqpOptions shaky = options;
  shaky.port = proxy.port();
  const Serving serving(participant, shaky, {.log = [](LogLevel, std::string_view) {}});
  channel.open("shop", listener);
  for (std::uint64_t n = 1; n <= total; n += 30) {
    send(n, n + 29);
    REQUIRE(listener.wait_for(Kind::replied, n));
    proxy.cut();
  }
  for (std::uint64_t n = 1; n <= total; ++n) {
    CHECK(listener.reply_to(make_command(n, "payment", "charge")).kind == OutcomeKind::success);
  }
  CHECK(effects() == total);
}

TEST_CASE_FIXTURE(Shop, "instances that share a database compete, and act once per key") {
  Participant second("payment", folder.file("payment.db"));
  second.handle("charge", BarrierBench::effect(Outcome::success({{"charge", 7}})));
  const Serving one(participant, options);
  const Serving two(second, options);
  channel.open("shop", listener);
  send(1, 100, 1);
  send(1, 100, 2);
  REQUIRE(listener.wait_for(Kind::replied, 200));
  CHECK(effects() == 100);
}

TEST_CASE_FIXTURE(Shop, "what a participant has not answered when it stops goes to the next") {
  std::atomic<bool> begun{false};
  participant.handle_outside("charge", {.work = [&](const HandlerCall& call) {
                               begun = true;
                               begun.notify_all();
                               std::atomic<bool> stopped{false};
                               const std::stop_callback wake(call.stop(), [&] {
                                 stopped = true;
                                 stopped.notify_all();
                               });
                               stopped.wait(false);
                               return Outcome::failed("STOPPING");
                             }});
  channel.open("shop", listener);
  {
    const Serving first(participant, options, {.threads = 1});
    send(1, 10);
    begun.wait(false);
  }
  REQUIRE(listener.wait_for(Kind::replied, 1));
  participant.handle("charge", BarrierBench::effect(Outcome::success()));
  const Serving next(participant, options);
  REQUIRE(listener.wait_for(Kind::replied, 10));
  CHECK(effects() == 9);
}

/// Publishes a command of a foreign engine and answers what comes back, if a reply is wanted.
class Foreigner {
 public:
  explicit Foreigner(const AmqpOptions& options) : connection_(options, "a test", guard_) {
    connection_.declare_queue(reply_queue_, {.type = options.queue_type});
    connection_.consume(reply_queue_, "replies", 10);
    exchange_ = AmqpTopology(options).commands_exchange();
  }
  WireMessage command() {
    std::string why_not;
    return encode_command(make_command(1, "payment", "charge"), "foreign", reply_queue_, Time{}, {},
                          why_not)
        .value();
  }
  void publish(const WireMessage& message) {
    connection_.publish(exchange_, "payment", true, message);
  }
  WireMessage receive(const std::string& queue = {}) {
    if (!queue.empty()) connection_.consume(queue, "other", 10);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      while (auto event = connection_.next()) {
        if (auto* delivered = std::get_if<Delivered>(&*event)) {
          connection_.ack(delivered->tag, false);
          return std::move(delivered->message);
        }
      }
      connection_.wait(-1, std::chrono::milliseconds(1'000));
    }
    FAIL("nothing came back");
    return {};
  }

 private:
  SocketGuard guard_;
  std::string reply_queue_ = unique_prefix() + ".reply";
  std::string exchange_;
  AmqpConnection connection_;
};

TEST_CASE_FIXTURE(Shop, "an engine that nobody knows is answered by the wire format alone") {
  const Serving serving(participant, options);
  Foreigner foreigner(options);
  const WireMessage command = foreigner.command();
  foreigner.publish(command);
  const WireMessage reply = foreigner.receive();
  CHECK(std::get<std::string>(reply.headers.at("skald_outcome")) == "success");
  CHECK(std::get<std::string>(reply.headers.at("skald_command_id")) ==
        command.properties.message_id);
  CHECK(reply.properties.correlation_id == command.properties.correlation_id);
  CHECK_FALSE(reply.properties.message_id.empty());
  CHECK(parse_json(reply.body) == Json{{"output", {{"charge", 7}}}});
}

TEST_CASE_FIXTURE(Shop, "an unknown protocol is refused and not remembered") {
  const Serving serving(participant, options);
  Foreigner foreigner(options);
  WireMessage command = foreigner.command();
  command.headers["skald_protocol"] = std::string("2");
  foreigner.publish(command);
  WireMessage reply = foreigner.receive();
  CHECK(std::get<std::string>(reply.headers.at("skald_outcome")) == "rejected");
  CHECK(parse_json(reply.body)["error"]["code"] == "UNSUPPORTED_PROTOCOL");
  foreigner.publish(foreigner.command());
  reply = foreigner.receive();
  CHECK(std::get<std::string>(reply.headers.at("skald_outcome")) == "success");
}

TEST_CASE_FIXTURE(Shop,
                  "a command that cannot be read goes to the dead letters, not round and round") {
  const Serving serving(participant, options, {.log = [](LogLevel, std::string_view) {}});
  Foreigner foreigner(options);
  WireMessage command = foreigner.command();
  command.body = "{\"input\": ";
  foreigner.publish(command);
  CHECK(foreigner.receive(AmqpTopology(options).dead()).body == command.body);
  CHECK(effects() == 0);
}

TEST_CASE_FIXTURE(Shop, "a broker that refuses the participant says so at once") {
  AmqpOptions wrong = options;
  wrong.password = "wrong";
  CHECK_THROWS_AS(
      serve_over_amqp(participant, wrong, {}, {.log = [](LogLevel, std::string_view) {}}),
      ChannelError);
}

}  // namespace
}  // namespace skald::test
