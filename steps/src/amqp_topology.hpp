// The exchanges and queues of docs/wire.md: their names, and how they are declared.
//
// Whoever comes first declares them, and declaring again changes nothing. Participants declare
// their own command queue; the engine never does, for a command without a participant must come
// back.
#pragma once

#include <string>

#include "amqp_connection.hpp"

namespace skald {

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

  /// What an engine needs: the exchanges, the dead letters and its own reply queue.
  /// \throws ConnectionLost, ChannelError
  /// Answers how many replies wait already.
  std::uint32_t declare_for_engine(AmqpConnection& connection, const std::string& engine) const;
  /// What a participant needs: the exchanges, the dead letters and its command queue.
  /// \throws ConnectionLost, ChannelError
  void declare_for_participant(AmqpConnection& connection, const std::string& participant) const;

 private:
  void declare_common(AmqpConnection& connection) const;

  std::string prefix_;
  QueueType type_;
};

}  // namespace skald
