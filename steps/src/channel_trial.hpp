// Whether a channel that was opened after a loss can be trusted with messages.
//
// When the leader of a quorum queue dies together with the node that the client was connected to,
// RabbitMQ 3.10 may leave the channel that the client opens next without confirms for that queue:
// messages are refused (nacked) or never confirmed, although the queue has a new leader. Another
// channel works. So the channels of later connections are on trial: one that refuses a message, or
// owes a confirm for `trial_confirm_timeout`, is given up. How often is limited by a delay that
// doubles: a queue that is full refuses on every channel, and a slow broker gets more time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "skald/amqp_options.hpp"

namespace skald {

/// One for all connections of a session, used by its thread only.
class ChannelTrial {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  explicit ChannelTrial(const AmqpOptions& options);

  /// A connection is set up. The first of all is not on trial.
  void opened(Moment now);
  /// A message was confirmed.
  void confirmed() { confirmed_ = true; }
  /// A message was refused.
  void refused(Moment now) { refused_at_ = now; }

  /// How long nothing new can come of the trial. `owed_since`: when the oldest message was
  /// published that is not settled; absent when there is none, or the broker takes none. `peer` is
  /// for the message. \throws SuspectChannel when the channel is to be given up
  [[nodiscard]] std::chrono::milliseconds check(std::optional<Moment> owed_since, Moment now,
                                                const std::string& peer);

  /// True once, when channels had been given up and one has passed.
  [[nodiscard]] bool outage_ended();

 private:
  [[noreturn]] void give_up(const std::string& why, Moment now);
  void pass();

  const std::chrono::milliseconds confirm_limit_;
  const std::chrono::milliseconds delay_max_;
  bool first_ = true;
  bool on_trial_ = false;
  bool confirmed_ = false;  // something, on this channel
  Moment opened_at_{};
  std::optional<Moment> refused_at_;  // last, on this channel
  bool outage_ = false;               // a channel was given up and none has passed since
  bool outage_ended_ = false;
  std::chrono::milliseconds delay_{0};
  Moment not_before_{};  // the next is given up
};

}  // namespace skald
