// The consuming half of the AMQP channel: replies and dead letters in, acknowledgements back.
//
// A delivery is acknowledged once its receipt has come, or when it means nothing to this engine.
// Receipts carry the connection they belong to: those of an earlier one come to nothing, because
// the broker delivers everything again that was not acknowledged on it.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ack_book.hpp"
#include "amqp_publisher.hpp"
#include "amqp_session.hpp"
#include "amqp_topology.hpp"
#include "skald/channel.hpp"

namespace skald {

class AmqpConsumer {
 public:
  /// Borrows everything. Dead commands of other engines go out through `publisher`.
  AmqpConsumer(const AmqpOptions& options, const std::string& engine, ChannelListener& listener,
               const Logger& log, AmqpPublisher& publisher);

  void start();
  [[nodiscard]] AmqpSession& session() { return session_; }

  /// Any thread.
  void receipt(const std::vector<std::uint64_t>& receipts);
  /// Any thread: the replies that waited at the first connection have been passed on.
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  /// Any thread: a dead command was forwarded, or never can be for the reason `problem`.
  void forwarded(Forward dead, const std::optional<UnusableMessage>& problem);

 private:
  void work(AmqpConnection& connection);
  void warn_of_delivery_limit();
  void serve(AmqpConnection& connection);
  bool take(AmqpConnection& connection);
  void count_down_backlog();
  void take_delivery(Delivered& delivered, std::uint64_t receipt);
  void take_reply(Delivered& delivered, std::uint64_t receipt);
  void take_dead_command(Delivered& delivered, std::uint64_t receipt);
  void pass_on(DecodedReply decoded, const WireMessage& message, std::uint64_t receipt);
  void pass_on_unusable(const UnusableMessage& problem, const WireMessage& message,
                        std::uint64_t receipt);
  void acknowledge(AmqpConnection& connection);

  const AmqpOptions& options_;
  AmqpTopology topology_;
  const std::string engine_;
  ChannelListener& listener_;
  const Logger& log_;
  AmqpPublisher& publisher_;
  // The next four are the consumer's thread's only.
  std::uint64_t connection_number_ = 0;
  std::uint32_t backlog_ = 0;  // replies that waited at the first connection and still do
  AckBook book_;
  bool warned_of_limit_ = false;
  std::atomic<bool> caught_up_{false};

  std::mutex mutex_;
  std::vector<std::uint64_t> receipts_;

  AmqpSession session_;  // last: its thread uses all of the above
};

}  // namespace skald
