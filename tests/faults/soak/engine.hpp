// The processes of the soak: an engine under steady load, and its participant.
//
// The engine says on standard output, one line each:
//   ready            it has opened its store and goes to work
//   at MESSAGES      so many commands and replies have passed; said fifty times
//   started SAGAS    all are started and have ended
#pragma once

#include <cstdint>
#include <string>

namespace skald::faults {

/// What leaks on purpose, to show that a leak is seen.
enum class Leak : std::uint8_t { none, memory, descriptors };

struct SoakPart {
  std::string directory;
  std::string rabbitmq;  ///< URL; empty: the participant is in the engine's process.
  std::string prefix;
  std::uint64_t messages = 0;  ///< No saga is started any more after so many.
  Leak leak = Leak::none;

  [[nodiscard]] std::string store() const { return directory + "/engine.db"; }
  [[nodiscard]] std::string ledger() const { return directory + "/trader.db"; }
};

/// Returns the exit code when its standard input is closed after the last saga.
int run_soak_engine(const SoakPart& part);
int run_soak_participant(const SoakPart& part);

}  // namespace skald::faults
