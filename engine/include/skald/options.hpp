// How an orchestrator runs: its mode, its limits, and who is told what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skald/definition.hpp"
#include "skald/events.hpp"
#include "skald/participant_policies.hpp"
#include "skald/participant_state.hpp"
#include "skald/saga.hpp"
#include "skald/time.hpp"

namespace skald {

/// How an orchestrator treats the store it is given.
enum class Mode : std::uint8_t {
  engine,     ///< Recovers, sends commands, fires timers, answers the control socket.
  momentary,  ///< Changes sagas on request only: no recovery, sends or timers. For repairs.
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };
/// Called from the orchestrator's thread and the channel's threads. Must not throw: what it throws
/// is dropped with the line.
using Logger = std::function<void(LogLevel, std::string_view)>;

/// Sees every committed decision, in order per saga, on the orchestrator's thread: for metrics,
/// lifecycle notices and tests. Must return quickly and not throw; what it throws is logged, and
/// the engine goes on.
using Observer = std::function<void(const Definition&, const Saga&, const std::vector<Event>&)>;

/// A participant's breaker has opened, is half open, or has closed.
struct BreakerChanged {
  std::string participant;
  BreakerPhase from = BreakerPhase::closed;
  BreakerPhase to = BreakerPhase::closed;
  Time at{};
  std::optional<Time> until;  ///< Of an open one: when it will be half open.
  std::string error_code;     ///< Of what opened it.
};
/// Sees every change of a breaker, after its commit, on the orchestrator's thread: for metrics,
/// lifecycle notices and tests. Must return quickly and not throw.
using PolicyObserver = std::function<void(const BreakerChanged&)>;

struct OrchestratorOptions {
  Mode mode = Mode::engine;
  const Clock* clock = nullptr;  ///< Borrowed; absent: the system's.
  Logger log{};                  ///< Absent: warnings and errors go to stderr.
  Observer observer{};
  PolicyObserver policy_observer{};
  /// Policies that overrule what definitions state for the same participant.
  PoliciesByName participants{};
  std::size_t batch_limit = 1024;  ///< Inputs per transaction.
  /// Starts that wait for their commit; start() and start_many() block while there are so many,
  /// and start_async() is refused as `unavailable`.
  std::size_t waiting_starts_limit = 65'536;
  /// Sagas that have a command to issue and wait for the channel or for a participant's policies;
  /// while there are so many, starts are refused as `unavailable`.
  std::size_t waiting_sagas_limit = 100'000;
  /// Sagas kept in memory as a whole between inputs, at 3 KiB and their payloads each. Others under
  /// way take some 250 bytes, and are read from the store when something happens to them.
  std::size_t cached_sagas_limit = 50'000;
  bool control_socket = true;  ///< Answer other processes (CLI) while this engine runs.
};

}  // namespace skald
