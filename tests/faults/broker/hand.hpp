// Somebody at the broker: takes queues away, empties them, and puts in what does not belong there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "amqp_connection.hpp"
#include "librabbitmq.hpp"

namespace skald::faults {

/// One connection of one's own, the direct way. One thread. \throws ChannelError
class BrokerHand {
 public:
  explicit BrokerHand(const AmqpOptions& direct);

  /// Messages that were in it; those that a consumer holds stay with it.
  std::uint64_t purge(const std::string& queue);
  /// Messages that were in it; its consumers are told that it is gone.
  std::uint64_t remove(const std::string& queue);
  /// Messages that wait in it, without those that a consumer holds. Lags behind by a while.
  std::uint64_t depth(const std::string& queue);

 private:
  struct Close {
    void operator()(amqp_connection_state_t state) const { amqp_destroy_connection(state); }
  };
  void check(const std::string& operation);
  std::unique_ptr<amqp_connection_state_t_, Close> state_;
};

/// Publishes messages of one's own making straight into a queue. One thread.
class Forger {
 public:
  Forger(const AmqpOptions& direct, std::string queue);
  void publish(const WireMessage& message);
  /// Returns once the broker has confirmed everything. \throws ChannelError when it does not.
  void await_confirms();

 private:
  std::string queue_;
  SocketGuard guard_;
  AmqpConnection connection_;
  std::uint64_t last_ = 0;
};

}  // namespace skald::faults
