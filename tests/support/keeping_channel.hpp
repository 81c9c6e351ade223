// A channel whose far end is the test: it keeps what was sent, and reads messages as the AMQP
// channel does.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "skald/channel.hpp"
#include "skald/wire.hpp"

namespace skald::test {

class KeepingChannel : public Channel {
 public:
  /// `engine`: what its engine calls itself on the wire.
  explicit KeepingChannel(std::string engine) : engine_(std::move(engine)) {}

  [[nodiscard]] std::string name() const override { return "amqp"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command> commands) override {
    for (Command& command : commands) sent.push_back(std::move(command));
  }
  void withdraw(const SagaId&, const AttemptRef&) override {}
  void receipt(const std::vector<std::uint64_t>&) override {}
  [[nodiscard]] bool has_room(const std::string&) const override { return true; }
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override {
    return reconsider_message(message, engine_);
  }
  void close() override {}

  std::deque<Command> sent;

 private:
  std::string engine_;
};

}  // namespace skald::test
