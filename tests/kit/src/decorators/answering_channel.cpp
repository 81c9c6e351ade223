#include "answering_channel.hpp"

namespace skald::testing {

void HollowChannel::open(const std::string& engine_id, ChannelListener& listener) {
  listener_ = &listener;
  ChannelDecorator::open(engine_id, listener);
}

void HollowChannel::send(std::vector<Command> commands) {
  std::vector<Command> passed;
  std::vector<Command> swallowed;
  for (Command& command : commands) {
    if (hollow_(command)) {
      swallowed.push_back(std::move(command));
    } else {
      pass(std::move(command), passed);
    }
  }
  if (!passed.empty()) ChannelDecorator::send(std::move(passed));
  for (const Command& command : swallowed) {
    listener_->sent(command.id.saga, command.attempt);
    listener_->replied({command.id.saga, command.attempt, {}, Outcome::success(), 0});
    listener_->confirmed(command.position, command.id.saga, command.attempt);
  }
}

void HollowChannel::pass(Command command, std::vector<Command>& passed) {
  passed.push_back(std::move(command));
}

bool ForwardUndoChannel::holds_back(const Command& command) {
  return command.id.direction == Direction::compensate &&
         held_.emplace(command.id.saga, command).second;
}

void ForwardUndoChannel::pass(Command command, std::vector<Command>& passed) {
  const SagaId saga = command.id.saga;
  const bool compensates = command.id.direction == Direction::compensate;
  passed.push_back(std::move(command));
  if (compensates) passed.push_back(held_.at(saga));
}

}  // namespace skald::testing
