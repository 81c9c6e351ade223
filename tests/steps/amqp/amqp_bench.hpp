// What the AMQP tests work with: a listener that takes notes, a participant driven by hand.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"
#include "broker.hpp"
#include "skald/amqp_channel.hpp"

namespace skald::test {

/// How long a test waits for what must come.
inline constexpr std::chrono::seconds patience{30};

/// Writes down what a channel reports. Thread-safe.
class Notes final : public ChannelListener {
 public:
  struct Page {
    std::vector<AttemptRef> sent;
    std::vector<Position> confirmed;
    std::vector<Reply> replies;
    std::vector<std::pair<QuarantinedMessage, std::uint64_t>> unusable;
    int room = 0;
  };

  void sent(const SagaId& saga, const AttemptRef& attempt) override;
  void confirmed(Position position, const SagaId& saga, const AttemptRef& attempt) override;
  void replied(Reply reply) override;
  void unusable(QuarantinedMessage message, std::uint64_t receipt) override;
  void room() override;

  /// Waits until the notes are so; fails the test when they are not within `patience`.
  void await(const std::function<bool(const Page&)>& so, const char* what);
  [[nodiscard]] Page page() const;

 private:
  template <class Change>
  void note(const Change& change);
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Page page_;
};

/// A connection of the test's own, used by the test's thread.
class Wire {
 public:
  explicit Wire(const AmqpOptions& options) : connection(options, "a test", guard) {}
  /// The next delivery; fails the test when none comes within `patience`.
  [[nodiscard]] Delivered receive();
  /// Publishes and waits for the confirm; false when it came back.
  bool publish(const std::string& exchange, const std::string& key, const WireMessage& message);

  SocketGuard guard;
  AmqpConnection connection;
};

/// A participant that does what the test says.
class Participant : public Wire {
 public:
  Participant(const AmqpOptions& options, const std::string& name);
  /// Answers and acknowledges.
  void answer(const Delivered& command, const Outcome& outcome);
};

/// A command of step `step-a` of the saga that `number` stands for, at position `number`.
[[nodiscard]] Command command_for(std::uint64_t number, const std::string& participant);

/// The message ids that are left in a queue that nobody consumes any more; empties it. The broker's
/// own counts lag behind.
[[nodiscard]] std::vector<std::string> left_in(const AmqpOptions& options,
                                               const std::string& queue);

}  // namespace skald::test
