// The processes that the kill loop kills: an engine that starts sagas, and a participant.
//
// Both tell the harness on standard output, one line per fact, each by a single write, so that what
// was written before the kill arrives whole:
//   ready                     the engine has recovered
//   started NUMBER ID         start() returned
//   worked                    all are started, and the store was copied if it was to be
//   quiet                     every saga has ended or is stuck
//   resumed COUNT             so many stuck sagas were resumed
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mutants.hpp"
#include "skald/amqp_options.hpp"
#include "skald/participant.hpp"
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
  std::string backup;    ///< Where the engine's store is copied once all are started; may be empty.
  bool over_control = false;  ///< Every third saga is started over the control socket.
  bool undo_outside = false;  ///< Compensations have work outside the participant's database.
  std::vector<std::uint64_t> fat{};  ///< Sagas with an input of 1 MB, to fill the store's log.

  [[nodiscard]] Pace pace() const;
};

/// Writes one such line whole. \throws std::system_error
void report(const std::string& fact);
/// Returns when the harness has closed this process's standard input, or is gone.
void await_harness();

/// Says `ready` and serves the participant until the harness has closed this process's standard
/// input, or is gone. \throws ChannelError
void serve_for_harness(Participant& participant, const AmqpOptions& amqp, std::uint16_t prefetch);

/// Runs an engine; answers the exit code. \throws Error
int run_engine(const Assignment& assignment);
/// Serves one participant over RabbitMQ until it is killed. \throws Error
int run_participant(const Assignment& assignment, const std::string& name);

}  // namespace skald::faults
