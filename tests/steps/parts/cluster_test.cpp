// A cluster of three real nodes, of which the one dies that has the leaders of all queues and all
// the connections: commands must flow again soon, over another node.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "amqp_topology.hpp"
#include "barrier_bench.hpp"
#include "broker_cluster.hpp"
#include "log_lines.hpp"
#include "skald/amqp_channel.hpp"
#include "skald/participant_amqp.hpp"

namespace skald::test {
namespace {

using Kind = RecordingListener::Kind;
using Steady = std::chrono::steady_clock;

// The election takes some seconds on a busy machine. Without the trial of channels it would take
// confirm_timeout, which is set so that it never comes.
constexpr std::chrono::seconds flow_limit{25};
constexpr Duration never{600'000};

/// Sends a command every few milliseconds, until it is destroyed.
class Feed {
 public:
  explicit Feed(AmqpChannel& channel)
      : thread_([this, &channel](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          while (!stop.stop_requested()) {
            channel.send({make_command(++sent_, "payment", "charge")});
            stopped_.wait_for(lock, stop, std::chrono::milliseconds{5}, [] { return false; });
          }
        }) {}
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  void stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  std::atomic<std::uint64_t> sent_{0};
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

struct Shop {
  explicit Shop(const AmqpOptions& broker) : options(broker) {
    options.confirm_timeout = never;
    run_script(participant.database(), "CREATE TABLE effects (key TEXT PRIMARY KEY, n INTEGER)");
    participant.handle("charge", BarrierBench::effect(Outcome::success()));
    serving = std::jthread([this](const std::stop_token& stop) {
      serve_over_amqp(participant, options, stop, {.log = participant_log.logger()});
    });
    participant_log.await("for commands to payment");
    participant_log.await("for replies of payment");
    channel.emplace(options, log.logger());
    channel->open("shop", listener);
  }
  std::int64_t effects() {
    return query_integer(participant.database(), "SELECT sum(n) FROM effects").value_or(0);
  }

  AmqpOptions options;
  TemporaryFolder folder;
  Participant participant{"payment", folder.file("payment.db")};
  LogLines log;
  LogLines participant_log;
  RecordingListener listener;
  std::jthread serving;
  std::optional<AmqpChannel> channel;
};

void kill_leader_and_client_node(const BrokerCluster& cluster, int node) {
  Shop shop(cluster.options(unique_prefix(), node));
  const AmqpTopology topology(shop.options);
  for (const std::string& queue :
       {topology.command_queue("payment"), topology.reply_queue("shop"), topology.dead()}) {
    REQUIRE(cluster.leader_of(queue, node) == node);
  }
  Feed feed(*shop.channel);
  REQUIRE(shop.listener.wait_for(Kind::replied, 100));
  const auto killed_at = Steady::now();
  cluster.kill(node);
  // What was sent after the kill is confirmed and answered only by another node.
  const std::size_t enough = feed.sent() + 50;
  const bool confirmed = shop.listener.wait_for(Kind::confirmed, enough);
  const auto confirmed_after = Steady::now() - killed_at;
  const bool replied = shop.listener.wait_for(Kind::replied, enough);
  const auto replied_after = Steady::now() - killed_at;
  const auto seconds = [](auto span) { return std::chrono::duration<double>(span).count(); };
  fmt::print(
      "node {} killed: confirms flow after {:.1f} s, replies after {:.1f} s; {} suspect "
      "channels of the engine, {} of the participant\n",
      node, seconds(confirmed_after), seconds(replied_after), shop.log.count("on a new channel"),
      shop.participant_log.count("on a new channel"));
  CHECK(confirmed);
  CHECK(replied);
  CHECK(confirmed_after < flow_limit);
  CHECK(replied_after < flow_limit);
  feed.stop();
  for (std::uint64_t number = 1; number <= feed.sent(); ++number) {
    REQUIRE(shop.listener.reply_to(make_command(number, "payment", "charge")).kind ==
            OutcomeKind::success);
  }
  CHECK(shop.effects() == static_cast<std::int64_t>(feed.sent()));
  CHECK(shop.log.count("on a new channel", LogLevel::warning) <= 1);
  shop.channel->close();
}

}  // namespace

TEST_CASE("commands flow again after the leaders' and clients' node was killed") {
  const BrokerCluster cluster;
  for (int node = 1; node <= BrokerCluster::node_count; ++node) {
    kill_leader_and_client_node(cluster, node);
    cluster.again(node);
  }
}

}  // namespace skald::test
