// The processes that the kill loop kills: an engine that starts sagas, and a participant.
//
// Both tell the harness on standard output, one line per fact, each by a single write, so that what
// was written before the kill arrives whole:
//   ready                     the engine has recovered
//   started NUMBER ID         start() returned
//   quiet                     every saga has ended or is stuck
//   resumed COUNT             so many stuck sagas were resumed
#pragma once

#include <cstdint>
#include <string>

#include "mutants.hpp"
#include "world.hpp"

namespace skald::faults {

/// What one process of the loop is told.
struct Assignment {
  Files files;
  std::uint64_t seed = 1;
  std::uint64_t first = 0;   ///< The engine starts sagas `first` … `end` - 1; those that were
  std::uint64_t end = 0;     ///< started before answer their old id.
  bool until_quiet = false;  ///< Ends when all is quiet; otherwise works until it is killed.
  Duration quiet_limit{60'000};
  Mutant mutant = Mutant::none;
  std::string rabbitmq;  ///< URL; empty: participants run in the engine's process.
  std::string prefix;    ///< Of exchanges and queues.

  [[nodiscard]] Pace pace() const;
};

/// Runs an engine; answers the exit code. \throws Error
int run_engine(const Assignment& assignment);
/// Serves one participant over RabbitMQ until it is killed. \throws Error
int run_participant(const Assignment& assignment, const std::string& name);

}  // namespace skald::faults
