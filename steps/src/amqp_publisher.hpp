// The publishing half of the AMQP channel: commands out, confirms and returns back.
//
// Every command handed over is in exactly one place: waiting, unconfirmed, or put off after the
// broker could not keep it. When the connection is lost, what is unconfirmed waits again, in order.
//
// A message that can never be sent must not hold back the others. What does not fit into the
// protocol is found before it is sent. When the broker closes the channel over some message, those
// that were unconfirmed are published one by one until the culprit is alone.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "amqp_session.hpp"
#include "amqp_topology.hpp"
#include "channel_trial.hpp"
#include "publish_probe.hpp"
#include "skald/channel.hpp"

namespace skald {

/// A dead command on its way to the engine that sent it.
struct Forward {
  WireMessage message;
  std::string engine;
  std::uint64_t receipt = 0;
};

class AmqpPublisher {
 public:
  /// Called on the publisher's thread: the forwarded command is with its engine, or `problem` says
  /// why it never will be.
  using Forwarded = std::function<void(Forward, std::optional<UnusableMessage> problem)>;

  /// Borrows everything.
  AmqpPublisher(const AmqpOptions& options, const std::string& engine, ChannelListener& listener,
                const Logger& log, Forwarded forwarded);

  void start();
  [[nodiscard]] AmqpSession& session() { return session_; }

  void send(std::vector<Command> commands);
  void forward(Forward dead);
  void withdraw(const SagaId& saga, const AttemptRef& attempt);
  [[nodiscard]] bool has_room() const { return !full_.load(std::memory_order_relaxed); }

 private:
  struct Outgoing {
    Command command;
    std::unique_ptr<Forward> forward;  // then `command` is not used
    bool withdrawn = false;
    std::uint32_t published = 0;  ///< How often; more than once, an earlier one may have arrived.
    /// How often it did not fit, or the broker closed the channel while it was unconfirmed: of
    /// these it is known, once it turns out to be the culprit, that they did not arrive.
    std::uint32_t refused = 0;
    /// The broker's first refusal to keep it, on this connection.
    std::optional<std::chrono::steady_clock::time_point> refused_since{};
    [[nodiscard]] bool is(const SagaId& saga, const AttemptRef& attempt) const {
      return !forward && command.attempt == attempt && command.id.saga == saga;
    }
  };
  struct Unconfirmed {
    Outgoing outgoing;
    std::chrono::steady_clock::time_point published_at;
    bool settled = false;   // by a confirm that overtook older ones
    bool returned = false;  // nobody takes such commands; the confirm is still to come
  };
  struct PutOff {
    Outgoing outgoing;
    std::chrono::steady_clock::time_point due;
  };

  void work(AmqpConnection& connection);
  void serve(AmqpConnection& connection);
  void finish(AmqpConnection& connection);
  void take(AmqpConnection& connection);
  void on(const AmqpEvent& event);
  bool publish_some(AmqpConnection& connection);
  [[nodiscard]] std::size_t publishable() const;
  bool publish_one(AmqpConnection& connection);
  void publish(AmqpConnection& connection, Outgoing& outgoing);
  void on(const Confirmed& confirmed);
  void on(const Returned& returned);
  [[nodiscard]] static Outcome nobody_there(const Outgoing& outgoing);
  void settle(Unconfirmed& entry, bool taken, std::vector<Outgoing>& confirmed);
  void report(std::vector<Outgoing> confirmed);
  [[nodiscard]] Outgoing take_back_newest();
  void refuse(Outgoing outgoing, const std::string& why_not);
  [[nodiscard]] bool isolate_culprit(const std::string& words);
  void recall_unconfirmed();
  std::chrono::milliseconds bring_back_put_off();
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> owed_since() const;
  std::chrono::milliseconds confirm_due();
  void forget_refusals();
  void put_off(Outgoing outgoing);
  void leave(std::size_t count);

  const AmqpOptions& options_;
  AmqpTopology topology_;
  const std::string engine_;
  const std::string reply_queue_;
  ChannelListener& listener_;
  const Logger& log_;
  const Forwarded forwarded_;
  // The publisher's thread only; while blocked no confirm is owed.
  PublishProbe probe_;
  bool blocked_ = false;
  std::chrono::steady_clock::time_point unblocked_at_{};
  bool refused_too_long_ = false;
  ChannelTrial trial_;
  /// So many messages are still published one by one, each after the confirm of the one before:
  /// among them is one over which the broker closes the channel.
  std::size_t suspects_ = 0;

  mutable std::mutex mutex_;
  std::deque<Outgoing> waiting_;
  std::deque<Unconfirmed> unconfirmed_;
  std::uint64_t first_unconfirmed_ = 1;  // the number of the front
  std::deque<PutOff> put_off_;
  std::size_t held_ = 0;  // in the three together
  std::atomic<bool> full_{false};

  AmqpSession session_;  // last: its thread uses all of the above
};

}  // namespace skald
