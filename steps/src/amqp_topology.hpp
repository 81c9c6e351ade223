// The exchanges and queues of docs/wire.md: their names, and how they are declared.
//
// Whoever comes first declares them, and declaring again changes nothing but finds out whether they
// have other arguments. A user who may declare nothing needs no more than that an administrator has
// made them. Participants declare their own command queue; the engine never does, for a command
// without a participant must come back.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "amqp_connection.hpp"
#include "amqp_failure.hpp"

namespace skald {

/// Names: any thread. Declaring: one thread.
class AmqpTopology {
 public:
  explicit AmqpTopology(const AmqpOptions& options)
      : prefix_(options.prefix), type_(options.queue_type) {}

  [[nodiscard]] std::string commands_exchange() const { return prefix_ + ".commands"; }
  [[nodiscard]] std::string events_exchange() const { return prefix_ + ".events"; }
  /// Names both the exchange and the queue behind it.
  [[nodiscard]] std::string dead() const { return prefix_ + ".dead"; }
  [[nodiscard]] std::string command_queue(const std::string& participant) const {
    return prefix_ + ".cmd." + participant;
  }
  [[nodiscard]] std::string reply_queue(const std::string& engine) const {
    return prefix_ + ".reply." + engine;
  }

  struct ReplyQueue {
    std::uint32_t waiting = 0;  ///< Replies that are in it already.
    /// It was made when the broker had no limit of its own (RabbitMQ 3) and has one now: it drops a
    /// reply that was delivered 20 times in vain, unless a policy says otherwise.
    bool limits_deliveries = false;
  };
  /// What an engine needs: the exchanges, the dead letters and its own reply queue. Before anything
  /// else on the channel, which may be opened anew. \throws ConnectionLost, ChannelError
  ReplyQueue declare_for_engine(AmqpConnection& connection, const std::string& engine);
  /// What a participant needs: the exchanges, the dead letters and its command queue. Before
  /// anything else on the channel, which may be opened anew. \throws ConnectionLost, ChannelError
  void declare_for_participant(AmqpConnection& connection, const std::string& participant);

 private:
  void declare_common(AmqpConnection& connection);
  void declare_exchange(AmqpConnection& connection, const std::string& name, const char* kind);
  std::uint32_t declare_queue(AmqpConnection& connection, const std::string& name,
                              const QueueArguments& arguments);
  void bind(AmqpConnection& connection, const std::string& queue, const std::string& exchange,
            const std::string& routing_key);

  std::string prefix_;
  QueueType type_;
  /// What the user turned out to have no right to declare or to bind, though it is there. The
  /// broker closes the channel over each try, and notes it in its log: it is tried once.
  std::set<std::string> exchanges_made_;
  std::set<std::string> queues_made_;
  std::set<std::string> queues_bound_;
};

}  // namespace skald
