// Replies that a broker or its protocol does not take must not hold back the others.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "amqp_bytes.hpp"
#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"
#include "skald/text.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;

constexpr std::size_t frame_bytes_max = 8192;

// One for the run: its message limit and its frames are smaller than ours.
Broker small_broker() {
  static const OwnBroker broker("max_message_size = 65536\nframe_max = 8192\n");
  return *broker.operator->();
}

// Adds headers until not one byte more fits into a frame. The reply has two headers more.
void fill_frame(WireMessage& command, const std::string& exchange) {
  const auto fits = [&] {
    return !amqp::publish_problem(exchange, "payment", command, frame_bytes_max);
  };
  for (int i = 0; fits(); ++i) {
    std::string& fill = std::get<std::string>(command.headers["skald_fill_" + std::to_string(i)] =
                                                  std::string(name_bytes_max, 'f'));
    while (!fits() && !fill.empty()) fill.pop_back();
    if (fill.size() == name_bytes_max) continue;
    if (!fits()) command.headers.erase("skald_fill_" + std::to_string(i));
    return;
  }
}

struct TalkativeShop {
  TalkativeShop() {
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(Outcome::success({{"charge", 7}})));
    participant.handle("large", BarrierBench::effect(Outcome::success(std::string(70'000, 'x'))));
    participant.handle("refuse", [](const HandlerCall&, sqlite3*) {
      Outcome refusal = Outcome::rejected("OUT_OF_STOCK", "none left");
      refusal.error.data = JsonText::of(std::string(70'000, 'x'));
      return refusal;
    });
    SocketGuard guard;
    AmqpConnection connection(options, "a test", guard);
    AmqpTopology(options).declare_for_participant(connection, "payment");
    connection.close();
    serving = std::jthread([this](const std::stop_token& stop) {
      serve_over_amqp(participant, options, stop, {.log = [](LogLevel, std::string_view) {}});
    });
  }

  TemporaryFolder folder;
  AmqpOptions options = small_broker().options(unique_prefix());
  Participant participant{"payment", folder.file("payment.db")};
  RecordingListener listener;
  std::jthread serving;
};

}  // namespace

TEST_CASE_FIXTURE(TalkativeShop,
                  "a reply over the broker's limit is told by a short one, and none waits") {
  AmqpChannel channel(options, [](LogLevel, std::string_view) {});
  channel.open("shop", listener);
  constexpr std::uint64_t count = 60;
  const auto action = [](std::uint64_t n) {
    if (n % 20 == 1) return "large";
    return n % 20 == 2 ? "refuse" : "charge";
  };
  std::vector<Command> commands;
  for (std::uint64_t n = 1; n <= count; ++n) {
    commands.push_back(make_command(n, "payment", action(n)));
  }
  channel.send(std::move(commands));
  REQUIRE(listener.wait_for(Kind::replied, count));
  for (std::uint64_t n = 1; n <= count; ++n) {
    const Outcome outcome = listener.reply_to(make_command(n, "payment", action(n)));
    if (n % 20 == 1) {
      CHECK(outcome.kind == OutcomeKind::unknown);
      CHECK(outcome.error.code == "REPLY_TOO_LARGE");
      CHECK(outcome.error.message.find("70013 bytes") != std::string::npos);
      CHECK(outcome.error.message.find("65536") != std::string::npos);
    } else if (n % 20 == 2) {
      CHECK(outcome.kind == OutcomeKind::rejected);
      CHECK(outcome.error.code == "OUT_OF_STOCK");
    } else {
      CHECK(outcome.kind == OutcomeKind::success);
    }
  }
  // The effect of what could not be delivered is not forgotten.
  CHECK(query_integer(participant.database(), "SELECT sum(n) FROM effects").value_or(0) == 57);
  channel.close();
}

TEST_CASE_FIXTURE(TalkativeShop,
                  "a command whose headers fill a frame is answered, and so is the next one") {
  SocketGuard guard;
  AmqpConnection foreigner(options, "a test", guard);
  const std::string replies = unique_prefix() + ".reply";
  foreigner.declare_queue(replies, {.type = options.queue_type});
  foreigner.consume(replies, "replies", 10);
  const std::string exchange = AmqpTopology(options).commands_exchange();
  for (std::uint64_t n = 1; n <= 2; ++n) {
    std::string why_not;
    WireMessage command = encode_command(make_command(n, "payment", "charge"), "foreign", replies,
                                         Time{}, {}, why_not)
                              .value();
    if (n == 1) fill_frame(command, exchange);
    foreigner.publish(exchange, "payment", true, command);
  }
  std::size_t answered = 0;
  const auto deadline = std::chrono::steady_clock::now() + RecordingListener::patience;
  while (answered < 2 && std::chrono::steady_clock::now() < deadline) {
    const auto event = foreigner.next();
    if (!event) {
      foreigner.wait(-1, std::chrono::milliseconds{1000});
      continue;
    }
    const auto* delivered = std::get_if<Delivered>(&*event);
    if (delivered == nullptr) continue;
    ++answered;
    const DecodedReply reply = decode_reply(delivered->message);
    REQUIRE(std::holds_alternative<Reply>(reply));
    CHECK(std::get<Reply>(reply).outcome.kind == OutcomeKind::success);
  }
  CHECK(answered == 2);
}

}  // namespace skald::test
