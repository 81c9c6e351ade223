// A private RabbitMQ cluster of three nodes for tests, run by rabbitmq_cluster.sh.
#pragma once

#include <string>

#include "broker.hpp"

namespace skald::test {

/// Started by the constructor, which takes some twenty seconds; removed with all it held by the
/// destructor. Nodes are numbered from 1. \throws ChannelError
class BrokerCluster {
 public:
  static constexpr int node_count = 3;

  BrokerCluster();
  ~BrokerCluster();
  BrokerCluster(const BrokerCluster&) = delete;
  BrokerCluster& operator=(const BrokerCluster&) = delete;

  /// How to reach it, `first` before the others, with short delays and everything under `prefix`.
  [[nodiscard]] AmqpOptions options(const std::string& prefix, int first) const;
  /// As a power cut would.
  void kill(int node) const;
  /// Starts a node that was killed and waits until it answers.
  void again(int node) const;
  /// The node with the leader of this quorum queue, asked of node `asked`.
  [[nodiscard]] int leader_of(const std::string& queue, int asked) const;

 private:
  [[nodiscard]] std::string run(const std::string& verb, const std::string& arguments = {}) const;
  std::string directory_;
};

}  // namespace skald::test
