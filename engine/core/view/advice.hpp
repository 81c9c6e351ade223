// What helps a saga on: one table, from which `why` takes every advice that it gives. The same
// table is in docs/cli.md, and a test follows each row and checks that it helps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Why a saga does not go on by itself, as far as somebody can do something about it.
enum class Standstill : std::uint8_t {
  signal_awaited,    ///< A step waits for a signal that has not come.
  signal_kept,       ///< The signal is there; the saga is paused.
  retry_awaited,     ///< Between two attempts.
  action_failed,     ///< Refused, or its attempts are used up.
  action_in_doubt,   ///< It may have happened and nobody can tell.
  input_unfilled,    ///< The input of a command, a child saga or a sleep cannot be filled in.
  list_uncollected,  ///< What the elements of a `for_each` answered cannot be put together.
  undo_failed,       ///< An undo was refused, or its attempts are used up.
  undo_unfilled,     ///< The undo's own input cannot be filled in.
  undo_by_hand,      ///< No attempt of the saga's can undo it.
  answered_since,    ///< It got stuck, and then the answer came after all.
  output_unfilled,   ///< The saga's output cannot be filled in.
  undecidable,       ///< The engine cannot decide anything about it.
};
inline constexpr std::size_t standstill_count = 13;

/// A verb, with what it is good for.
enum class Advice : std::uint8_t {
  resume,
  go_on,  ///< Also `resume`, where nothing is tried again.
  resume_patched,
  retry,
  signal,
  skip_succeeded,
  skip_rejected,
  skip,
  skip_compensated,
  cancel,
  abandon,
};

struct AdviceRow {
  Standstill standstill;
  const char* means;  ///< For docs/cli.md.
  std::vector<Advice> helps;
};
/// A row for each Standstill, in their order.
[[nodiscard]] const std::vector<AdviceRow>& advice_table();

/// Of a saga that is stuck.
[[nodiscard]] Standstill standstill_of(const Definition& definition, const Saga& saga);

/// What helps at `step`, and is not refused as the saga stands: "`skald resume` tries again, …".
/// `step` may be no_step where the row needs none.
[[nodiscard]] std::string advice(const Definition& definition, const Saga& saga,
                                 Standstill standstill, StepIndex step);

/// One advice, with `STEP` and `NAME` for the names of step and signal.
[[nodiscard]] std::string advice_text(Advice advice, const std::string& step,
                                      const std::string& saga, const std::string& signal);

}  // namespace skald
