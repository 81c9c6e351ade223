// What waits in the broker: for operators who want to know whether anybody takes the commands.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "skald/amqp_options.hpp"

namespace skald {

struct QueueState {
  std::uint32_t messages = 0;   ///< Ready to be delivered; those that a consumer holds don't count.
  std::uint32_t consumers = 0;  ///< Who may take them.
};

/// The command queues of these participants, by participant, over a connection of its own; a
/// participant whose queue was never declared is left out. Changes nothing. Any thread; blocks for
/// a few seconds at most, for each of the broker's hosts. \throws ChannelError when the broker is
/// away or refuses
[[nodiscard]] std::map<std::string, QueueState> command_queues(
    const AmqpOptions& options, const std::vector<std::string>& participants);

}  // namespace skald
