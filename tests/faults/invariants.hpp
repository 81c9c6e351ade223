// The one checker of what must never break: holds the store against what its clients and its
// participants wrote down themselves.
//
// Call it when all is quiet and nothing runs on the files any more.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "findings.hpp"
#include "skald/ids.hpp"
#include "world.hpp"

namespace skald::faults {

using testing::Findings;

/// What the harness saw: business key → the id that start() returned for it.
using Acknowledged = std::map<std::string, SagaId>;

/// Counts for the report; no verdict hangs on them.
struct Tally {
  std::uint64_t sagas = 0;
  std::map<std::string, std::uint64_t> by_status;
  std::uint64_t turned_back = 0;
  std::uint64_t journal_rows = 0;
  std::uint64_t timeouts = 0;    ///< Attempts that ended without an answer.
  std::uint64_t deliveries = 0;  ///< Commands that reached a participant.
  std::uint64_t effects = 0;
  std::uint64_t repeats = 0;  ///< Deliveries of a command that had been delivered before.
};

/// Checks everything that is there; what is missing is a violation. \throws StoreError,
/// ParticipantError when a file cannot be read at all.
/// Exactly `quarantined` messages must lie in quarantine: those that a harness forged.
Tally check_invariants(const Files& files, const Acknowledged& acknowledged, Findings& findings,
                       std::uint64_t quarantined = 0);

}  // namespace skald::faults
