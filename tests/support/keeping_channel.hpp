// A channel that keeps what was sent, and reads messages as the AMQP channel does.
#pragma once

#include <string>
#include <utility>

#include "kept_commands.hpp"
#include "skald/wire.hpp"

namespace skald::test {

class KeepingChannel : public KeptCommands {
 public:
  /// `engine`: what its engine calls itself on the wire.
  explicit KeepingChannel(std::string engine) : engine_(std::move(engine)) {}

  [[nodiscard]] std::string name() const override { return "amqp"; }
  [[nodiscard]] Reconsidered reconsider(const QuarantinedMessage& message) const override {
    return reconsider_message(message, engine_);
  }

 private:
  std::string engine_;
};

}  // namespace skald::test
