// The threads of a participant that serves over AMQP.
//
// One session consumes commands and acknowledges them, another publishes replies and gathers
// their confirms, workers carry commands out; the desk lies between them.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "ack_book.hpp"
#include "amqp_session.hpp"
#include "amqp_topology.hpp"
#include "participant_desk.hpp"
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

  void consume(AmqpConnection& connection);
  void take_delivery(AmqpConnection& connection, Delivered& delivered, std::vector<Task>& tasks);
  void acknowledge(AmqpConnection& connection);

  void publish(AmqpConnection& connection);
  void publish_letters(AmqpConnection& connection);
  void take_confirm(const Confirmed& confirmed, std::vector<DeliveryRef>& answered);
  void take_news(AmqpConnection& connection);
  [[nodiscard]] std::chrono::milliseconds next_look();

  void carry_out(const std::stop_token& stop);
  [[nodiscard]] std::vector<Outcome> answer(const std::vector<Task>& tasks,
                                            const std::stop_token& stop);
  [[nodiscard]] WireMessage make_reply(const WireMessage& command, const Outcome& outcome);

  Participant& participant_;
  const AmqpOptions& amqp_;
  const ServeOptions options_;
  const Logger log_;
  const AmqpTopology topology_;
  const std::string instance_;  // part of each reply's message id
  std::atomic<std::uint64_t> replies_{0};

  // The consumer's thread only.
  std::uint64_t connection_number_ = 0;
  AckBook book_;

  using Moment = std::chrono::steady_clock::time_point;
  struct Unconfirmed {
    std::uint64_t tag = 0;
    Letter letter;
    Moment published_at;
    bool settled = false;  // by a confirm that overtook older ones
  };
  // The publisher's thread only, up to the desk.
  std::deque<Letter> unpublished_;
  std::deque<Unconfirmed> unconfirmed_;  // by tag
  bool blocked_ = false;                 // no confirm is owed meanwhile
  Moment unblocked_at_{};
  Moment publish_not_before_{};          // after a reply that the broker could not keep
  std::optional<Moment> refused_since_;  // on this connection, without a reply that it kept

  ParticipantDesk desk_;
  AmqpSession consumer_;
  AmqpSession publisher_;
  std::vector<std::jthread> workers_;
};

}  // namespace skald
