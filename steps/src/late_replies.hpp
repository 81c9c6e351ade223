// Sends the replies to calls that were pending, while their participant serves over AMQP.
//
// complete() leaves them in the participant's database, in this process or another. They go the way
// of all replies, over the desk, and are forgotten once the broker has confirmed them; one that was
// sent and not forgotten is sent again, which changes nothing at the engine.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "participant_desk.hpp"
#include "skald/participant_amqp.hpp"

namespace skald {

class LateReplies {
 public:
  using MakeReply = std::function<WireMessage(const WireMessage& command, const Outcome& outcome)>;
  /// Borrows everything.
  LateReplies(Participant& participant, ParticipantDesk& desk, const Logger& log, MakeReply make);

  void start();
  /// No more are sent; those under way may still be confirmed.
  void stop();
  /// Once nothing will be confirmed any more.
  void forget_confirmed();

  /// True for the deliveries of late replies, which no command belongs to.
  [[nodiscard]] static bool is_late(const DeliveryRef& delivery) {
    return delivery.connection == no_connection;
  }
  /// By any thread.
  void confirmed(const DeliveryRef& delivery);

 private:
  static constexpr std::uint64_t no_connection = 0;

  void work(const std::stop_token& stop);
  void send_due();
  [[nodiscard]] bool is_under_way(const CommandId& call);

  Participant& participant_;
  ParticipantDesk& desk_;
  const Logger& log_;
  const MakeReply make_;
  bool failing_ = false;  // Of the thread.

  std::mutex mutex_;
  std::map<std::uint64_t, CommandId> under_way_;  // by tag
  std::vector<CommandId> confirmed_;
  std::uint64_t last_tag_ = 0;
  std::jthread thread_;
};

}  // namespace skald
