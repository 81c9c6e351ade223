// The participants of a store, from the engine that runs or from what the store keeps.
#pragma once

#include <string>

#include "skald/json.hpp"
#include "store_access.hpp"

namespace skald::cli {

struct ParticipantList {
  Json participants;         ///< As participant_json() makes them.
  bool from_engine = false;  ///< False: no engine told, so nobody knows what is in flight or waits.
};

/// `config` overrules definitions when no engine tells what it was configured with; empty: none.
/// \throws Refused, StoreError; DefinitionError for the configuration
[[nodiscard]] ParticipantList list_participants(StoreAccess& access, const std::string& config,
                                                Time now);

}  // namespace skald::cli
