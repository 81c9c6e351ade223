// What the journal's facts make of a saga, and what can be told from a saga alone.
//
// Pure: no clock, no random number, no I/O. Folding a journal always rebuilds the same saga.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/events.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Applies one fact. Total over the events that decide() can produce from `saga`.
void evolve(Saga& saga, const Event& event, Time at);

/// Applies one journal row: its events, then the version and time.
void evolve_row(Saga& saga, const std::vector<Event>& events, std::uint64_t version, Time at);

/// Depth of the deepest child saga below a root.
inline constexpr std::uint32_t saga_depth_max = 8;
/// Signals that a saga keeps until they are taken.
inline constexpr std::size_t kept_signals_max = 64;

/// The attempts that are issued and not answered.
[[nodiscard]] std::vector<AttemptRef> outstanding_attempts(const Saga& saga);

/// The body of a command as of now; nothing when its template cannot be filled in, for the reason
/// in `problem`, which completes the sentence "the input …".
[[nodiscard]] std::optional<JsonText> command_body(const Definition& definition, const Saga& saga,
                                                   StepIndex step, Direction direction,
                                                   std::string& problem);

/// True once the saga can only go forward: its pivot succeeded, or a retriable step was issued.
[[nodiscard]] bool goes_forward_only(const Definition& definition, const Saga& saga);

/// Timeout of one attempt in this direction.
[[nodiscard]] Duration attempt_timeout(const Step& step, Direction direction);
/// What the participant is asked for in this direction: the name of the action, the compensation
/// or the resolve action.
[[nodiscard]] const std::string& action_name(const Step& step, Direction direction);

}  // namespace skald
