// Where a saga stands: the phases of tests/spec/transitions.txt, and those between them.
#pragma once

#include <cstdint>

#include "skald/decide.hpp"

namespace skald::model {

enum class Phase : std::uint8_t {
  not_started,
  not_admitted,
  delayed,
  awaits_locks,
  first_dispatched,
  first_between,
  first_between_unanswered,
  first_in_doubt,
  second_dispatched,
  second_between,
  second_between_unanswered,
  second_in_doubt,
  pivot_dispatched,
  pivot_dispatched_wish,
  pivot_between,
  pivot_between_unanswered,
  pivot_between_wish,
  pivot_in_doubt,
  pivot_in_doubt_wish,
  retriable_dispatched,
  retriable_between,
  retriable_between_unanswered,
  retriable_in_doubt,
  next_not_admitted,
  asleep,
  awaits_signal,
  signal_kept,
  child_running,
  branches_under_way,
  branch_hedged,
  branches_apart,
  stuck_compensatable,
  stuck_pivot_in_doubt,
  stuck_pivot_refused,
  stuck_retriable,
  turned_in_flight,
  turned_branch_in_flight,
  turned_resolving,
  undo_not_admitted,
  undo_dispatched,
  undo_between,
  child_turning_back,
  stuck_undo,
  stuck_child_abandoned,
  paused_forward,
  paused_child_running,
  paused_back,
  paused_stuck,
  completed,
  completed_child,
  compensated,
  abandoned,
  unheard_of,  ///< Never: a state that none of the others describes.
};
inline constexpr std::size_t phase_count = 53;
[[nodiscard]] const char* to_string(Phase phase);

[[nodiscard]] Phase phase_of(const Definition& definition, const Saga& saga, Time now);

}  // namespace skald::model
