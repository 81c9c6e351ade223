// The publishing half of a participant: replies out, confirms back.
//
// A reply that is confirmed settles its command. One that cannot be published must not hold back
// the others: it is sent in a shorter form, and given up when even that is refused. Which one the
// broker closes the channel over is found as AmqpPublisher does: one by one.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "amqp_session.hpp"
#include "channel_trial.hpp"
#include "participant_desk.hpp"
#include "publish_probe.hpp"

namespace skald {

/// Used by the session's thread only.
class ReplyPublisher {
 public:
  /// Borrows everything.
  ReplyPublisher(const AmqpOptions& options, ParticipantDesk& desk, AmqpSession& session,
                 const Logger& log)
      : options_(options), desk_(desk), session_(session), log_(log), trial_(options) {}

  /// For AmqpSession::start().
  void work(AmqpConnection& connection);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Unconfirmed {
    std::uint64_t tag = 0;
    Letter letter;
    Moment published_at;
    bool settled = false;  // by a confirm that overtook older ones
  };

  void serve(AmqpConnection& connection);
  void publish_letters(AmqpConnection& connection);
  [[nodiscard]] std::size_t publishable() const;
  void publish_one(AmqpConnection& connection);
  void take_news(AmqpConnection& connection);
  void on(const AmqpEvent& event, std::vector<DeliveryRef>& answered);
  void take_confirm(const Confirmed& confirmed, std::vector<DeliveryRef>& answered);
  [[nodiscard]] std::chrono::milliseconds next_look();
  void take_back_unsent();
  void recall_unconfirmed();
  [[nodiscard]] bool isolate_culprit(const std::string& words);
  void shorten(Letter letter, const std::string& why_not);

  const AmqpOptions& options_;
  ParticipantDesk& desk_;
  AmqpSession& session_;
  const Logger& log_;
  std::deque<Letter> unpublished_;
  std::deque<Unconfirmed> unconfirmed_;  // by tag
  std::size_t suspects_ = 0;             // so many are still published one by one
  bool blocked_ = false;                 // no confirm is owed meanwhile
  Moment unblocked_at_{};
  Moment publish_not_before_{};  // after a reply that the broker could not keep
  PublishProbe probe_{""};       // the default exchange
  ChannelTrial trial_;
  std::optional<Moment> refused_since_;  // on this connection, without a reply that it kept
};

}  // namespace skald
