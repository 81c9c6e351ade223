#include "broker_cluster.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "scripts.hpp"
#include "skald/error.hpp"

namespace skald::test {

BrokerCluster::BrokerCluster() : directory_(make_scratch_directory()) {
  try {
    (void)run("start");
  } catch (const ChannelError&) {
    (void)run("remove");
    throw;
  }
}

BrokerCluster::~BrokerCluster() {
  try {
    (void)run("remove");
  } catch (const ChannelError& error) {
    fmt::print(stderr, "{}\n", error.what());
  }
}

std::string BrokerCluster::run(const std::string& verb, const std::string& arguments) const {
  return run_script_file(SKALD_RABBITMQ_CLUSTER_SCRIPT, verb, directory_, arguments);
}

AmqpOptions BrokerCluster::options(const std::string& prefix, int first) const {
  const auto node = [&](int number) {
    return Broker(fmt::format("{}/{}", directory_, number)).options(prefix);
  };
  AmqpOptions options = node(first);
  for (int number = 1; number <= node_count; ++number) {
    if (number != first) options.other_hosts.push_back(node(number).hosts().front());
  }
  return options;
}

void BrokerCluster::kill(int node) const { (void)run("kill", std::to_string(node)); }

void BrokerCluster::again(int node) const { (void)run("again", std::to_string(node)); }

int BrokerCluster::leader_of(const std::string& queue, int asked) const {
  const std::string list = run("ctl", fmt::format("{} -q list_queues name leader", asked));
  const std::size_t line = list.find(queue + "\t");
  const std::size_t at = list.find("@localhost", line);
  if (line == std::string::npos || at == std::string::npos) {
    throw ChannelError(fmt::format("no leader of {} is named: {}", queue, list));
  }
  return list[at - 1] - '0';
}

}  // namespace skald::test
