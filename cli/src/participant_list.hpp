// The participants of a store, from the engine that runs or from what the store keeps.
#pragma once

#include <string>

#include "engine_config.hpp"
#include "skald/amqp_options.hpp"
#include "skald/json.hpp"
#include "store_access.hpp"

namespace skald::cli {

struct ParticipantList {
  Json participants;         ///< As participant_json() makes them, and `queue`, null at first.
  bool from_engine = false;  ///< False: no engine told, so nobody knows what is in flight or waits.
  bool queues_known = false;   ///< A broker was asked; a `queue` that is still null is not there.
  std::string broker_failure;  ///< Why the broker could not be asked; empty: it was not tried.
};

/// `config` overrules definitions when no engine tells what it was configured with.
/// \throws Refused, StoreError
[[nodiscard]] ParticipantList list_participants(StoreAccess& access, const EngineConfig& config,
                                                Time now);
/// Asks the broker for each participant's queue: `{"messages", "consumers"}`.
void look_at_queues(ParticipantList& list, const AmqpOptions& broker);

}  // namespace skald::cli
