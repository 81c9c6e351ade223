// A channel that keeps what it is given to send, for whoever plays its far end.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "skald/channel.hpp"

namespace skald::test {

class KeptCommands : public Channel {
 public:
  [[nodiscard]] std::string name() const override { return "kept"; }
  void open(const std::string&, ChannelListener&) override {}
  void send(std::vector<Command> commands) override {
    for (Command& command : commands) sent.push_back(std::move(command));
  }
  void withdraw(const SagaId&, const AttemptRef&) override {}
  void receipt(const std::vector<std::uint64_t>&) override {}
  [[nodiscard]] bool has_room(const std::string&) const override { return true; }
  void close() override {}

  std::deque<Command> sent;
};

}  // namespace skald::test
