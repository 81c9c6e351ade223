// The threads of a participant that serves over AMQP.
//
// One session consumes commands and acknowledges them, another publishes replies and gathers
// their confirms, workers carry commands out, and one thread looks for replies to calls that were
// pending; the desk lies between them.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "ack_book.hpp"
#include "amqp_session.hpp"
#include "amqp_topology.hpp"
#include "late_replies.hpp"
#include "participant_desk.hpp"
#include "reply_publisher.hpp"
#include "skald/participant_amqp.hpp"

namespace skald {

class ParticipantServer {
 public:
  ParticipantServer(Participant& participant, const AmqpOptions& amqp, const ServeOptions& options);
  ~ParticipantServer();
  ParticipantServer(const ParticipantServer&) = delete;
  ParticipantServer& operator=(const ParticipantServer&) = delete;

  /// Blocks. \throws ChannelError
  void run(const std::stop_token& stop);

 private:
  void end_sessions();
  void forget_late_replies();

  void consume(AmqpConnection& connection);
  void take_deliveries(AmqpConnection& connection);
  void take_delivery(AmqpConnection& connection, Delivered& delivered, std::vector<Task>& tasks);
  void acknowledge(AmqpConnection& connection);

  void carry_out(const std::stop_token& stop);
  [[nodiscard]] std::vector<Outcome> answer(const std::vector<Task>& tasks,
                                            const std::stop_token& stop);
  [[nodiscard]] WireMessage make_reply(const WireMessage& command, const Outcome& outcome);

  Participant& participant_;
  const AmqpOptions& amqp_;
  const ServeOptions options_;
  const Logger log_;
  AmqpTopology topology_;
  const std::string instance_;  // part of each reply's message id
  std::atomic<std::uint64_t> reply_count_{0};

  // The consumer's thread only.
  std::uint64_t connection_number_ = 0;
  AckBook book_;

  ParticipantDesk desk_;
  AmqpSession consumer_;
  AmqpSession publisher_;
  ReplyPublisher replies_;
  LateReplies late_;
  std::vector<std::jthread> workers_;
};

}  // namespace skald
