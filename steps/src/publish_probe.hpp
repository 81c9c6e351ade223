// Finds out before anything is published whether the user may publish.
//
// The broker checks that right with each message only, and closes the channel over it. Commands
// that were sent and refused would use up their attempts while the right is missing.
#pragma once

#include <string>
#include <utility>

#include "amqp_connection.hpp"

namespace skald {

/// One for all connections of a session, used by its thread only.
class PublishProbe {
 public:
  explicit PublishProbe(std::string exchange) : exchange_(std::move(exchange)) {}

  /// On a new channel, before confirms are asked for. \throws AccessRefused; ConnectionLost when
  /// the broker is blocked by an alarm: then it answers nothing more on this connection, and the
  /// next one is not probed.
  void check(AmqpConnection& connection, const std::string& peer);

 private:
  const std::string exchange_;
  bool answered_ = true;  // so far; one that goes elsewhere by a policy is not repeated
  bool skip_next_ = false;
};

}  // namespace skald
