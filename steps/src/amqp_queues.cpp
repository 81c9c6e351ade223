#include "skald/amqp_queues.hpp"

#include "amqp_connection.hpp"
#include "amqp_topology.hpp"

namespace skald {

namespace {

std::map<std::string, QueueState> ask(const AmqpOptions& options,
                                      const std::vector<std::string>& participants) {
  const AmqpTopology topology(options);
  SocketGuard guard;
  AmqpConnection connection(options, "looking at queues", guard);
  std::map<std::string, QueueState> queues;
  for (const std::string& name : participants) {
    if (const auto state = connection.inspect_queue(topology.command_queue(name))) {
      queues[name] = *state;
    }
  }
  connection.close();
  return queues;
}

}  // namespace

std::map<std::string, QueueState> command_queues(const AmqpOptions& options,
                                                 const std::vector<std::string>& participants) {
  const std::vector<AmqpHost> hosts = options.hosts();
  for (std::size_t i = 0; i + 1 < hosts.size(); ++i) {
    try {
      return ask(options.at(hosts[i]), participants);
    } catch (const ConnectionLost&) {
      // The next host may answer; the last one's failure is told.
    }
  }
  return ask(options.at(hosts.back()), participants);
}

}  // namespace skald
