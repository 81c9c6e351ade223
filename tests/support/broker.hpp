// A private RabbitMQ broker for tests, run by rabbitmq.sh.
#pragma once

#include <string>

#include "skald/amqp_options.hpp"

namespace skald::test {

/// A broker whose files lie in one directory.
class Broker {
 public:
  /// The one that ctest started for all broker tests, named by $SKALD_TEST_BROKER. Tests share it:
  /// keep apart by unique_prefix(), and do not stop it. \throws ChannelError when there is none.
  [[nodiscard]] static Broker shared();

  explicit Broker(std::string directory) : directory_(std::move(directory)) {}

  /// Address with user and password.
  [[nodiscard]] std::string url() const;
  /// How to reach it, with short delays and everything under `prefix`.
  [[nodiscard]] AmqpOptions options(const std::string& prefix) const;
  /// Runs a verb of rabbitmq.sh on it and answers what it printed. \throws ChannelError when it
  /// fails.
  std::string run(const std::string& verb, const std::string& arguments = {}) const;

 private:
  std::string directory_;
};

/// A broker of one's own, for tests that stop it. Started by the constructor, removed with all it
/// held by the destructor.
class OwnBroker {
 public:
  /// `configuration` goes into the broker's as it is; absent: nothing.
  explicit OwnBroker(const std::string& configuration = {});
  ~OwnBroker();
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;
  const Broker* operator->() const { return &broker_; }

 private:
  std::string directory_;
  Broker broker_;
};

/// A prefix of exchanges and queues that no other test uses.
[[nodiscard]] std::string unique_prefix();

}  // namespace skald::test
