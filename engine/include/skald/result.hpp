// What a start says, and what comes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "skald/error.hpp"
#include "skald/ids.hpp"
#include "skald/json.hpp"
#include "skald/outcome.hpp"
#include "skald/saga.hpp"
#include "skald/time.hpp"

namespace skald {

struct StartOptions {
  std::optional<std::string> key{};        ///< Business key, unique per store and type.
  std::optional<std::uint32_t> version{};  ///< Of the definition; absent: the newest defined.
  std::string by{};                        ///< Stored in the history.
  std::optional<Duration> delay{};         ///< Nothing is issued before this has passed.
  std::optional<Time> not_before{};        ///< The same as a time; `delay` goes before it.
  std::optional<std::uint8_t> priority{};  ///< 0 to 9; absent: the definition's.
  /// How long it rather waits than be refused because too many sagas wait already
  /// (waiting_sagas_limit, a bulkhead's max_waiting); absent: not at all. Who waits goes first once
  /// there is room.
  std::optional<Duration> wait_for_room{};
};

struct Started {
  SagaId id;
  bool created = true;  ///< False: the key was taken by a saga with the same input, which this is.
  operator const SagaId&() const { return id; }  // NOLINT: a start stands for its saga
};

/// A saga that is to be started.
struct NewSaga {
  std::string type;
  JsonText input;
  StartOptions options{};
};
/// What became of a start: the saga, or what start() would have thrown.
using StartOutcome = std::variant<Started, Refused>;
/// Takes the outcome of a start. Must return quickly, not throw, and not call anything of the
/// orchestrator that blocks; start_async() is free to it.
using StartDone = std::function<void(StartOutcome)>;

/// How a saga stands.
struct SagaResult {
  Status status = Status::pending;
  bool forced = false;
  JsonText output;
  std::optional<ErrorInfo> error;  ///< Of what turned it back or holds it.
};

}  // namespace skald
