// The AMQP channel: commands and replies over RabbitMQ, in the format of docs/wire.md.
//
// One thread and connection publishes commands with publisher confirms, another consumes replies
// and acknowledges them once they are committed. Both connect again by themselves; what was not
// confirmed is then published again, what was not acknowledged is delivered again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "skald/amqp_options.hpp"
#include "skald/channel.hpp"
#include "skald/orchestrator.hpp"

namespace skald {

/// Commands are sent again after a lost connection, and sent() is then called again: an attempt's
/// timeout starts when it was really sent. A command that cannot be sent at all is answered
/// `failed`, code `NOT_SENDABLE`, for good.
class AmqpChannel final : public Channel {
 public:
  /// Connects to nothing yet. Without `log`, warnings and errors go to stderr.
  explicit AmqpChannel(AmqpOptions options, Logger log = {});
  /// Closes, as close() does.
  ~AmqpChannel() override;

  [[nodiscard]] std::string name() const override { return "amqp"; }
  /// Returns once the broker has answered, or does not within the connect timeout: then it is
  /// waited for. \throws ChannelError when the broker answers and refuses: login, vhost, rights, or
  /// queues that exist with other arguments.
  void open(const std::string& engine_id, ChannelListener& listener) override;
  void send(std::vector<Command> commands) override;
  void withdraw(const SagaId& saga, const AttemptRef& attempt) override;
  void receipt(const std::vector<std::uint64_t>& receipts) override;
  [[nodiscard]] bool has_room(const std::string& participant) const override;
  [[nodiscard]] bool caught_up() const override;
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override;
  /// Acknowledges what was receipted before, waits a moment for the last confirms, and returns
  /// within a second, whatever the broker does. (While a TLS connection is being made, within the
  /// connect timeout.)
  void close() override;

 private:
  class Running;
  AmqpOptions options_;
  Logger log_;
  std::string engine_id_;
  std::unique_ptr<Running> running_;
};

}  // namespace skald
