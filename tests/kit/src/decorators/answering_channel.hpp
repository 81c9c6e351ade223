// Broken channels that answer some commands themselves, with success, instead of delivering them.
#pragma once

#include <functional>
#include <map>

#include "decorators.hpp"

namespace skald::testing {

/// Answers the commands that `hollow` picks. It is asked once for each command that is sent.
class HollowChannel : public ChannelDecorator {
 public:
  HollowChannel(Channel& inner, std::function<bool(const Command&)> hollow)
      : ChannelDecorator(inner), hollow_(std::move(hollow)) {}

  void open(const std::string& engine_id, ChannelListener& listener) override;
  void send(std::vector<Command> commands) override;

 protected:
  /// What is really sent for a command that is delivered; by default the command itself.
  virtual void pass(Command command, std::vector<Command>& passed);

 private:
  std::function<bool(const Command&)> hollow_;
  ChannelListener* listener_ = nullptr;
};

/// Answers a saga's first compensation at once, and delivers it only behind the second.
class ForwardUndoChannel final : public HollowChannel {
 public:
  explicit ForwardUndoChannel(Channel& inner)
      : HollowChannel(inner, [this](const Command& command) { return holds_back(command); }) {}

 protected:
  void pass(Command command, std::vector<Command>& passed) override;

 private:
  bool holds_back(const Command& command);

  std::map<SagaId, Command> held_;
};

}  // namespace skald::testing
