// The invariants of one journal row, stated a second time: not by the checker of the simulator,
// which keeps a saga's whole history, but by what can be seen from the saga alone, so that sagas
// that are alike need to be judged only once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cases.hpp"
#include "findings.hpp"
#include "skald/decide.hpp"

namespace skald::model {

/// What the rules remember of the rows before, by their own account.
struct History {
  std::vector<StepIndex> done;  ///< Steps in the order in which they were done.
  StepSet forced;               ///< An operator said what became of them.
  friend bool operator==(const History&, const History&) = default;
};

/// I2 to I5, I8, I9, I12 and I13 of the row that `decision` appends to `before` at `now`; `after`
/// is what decide() left. Brings `history` up to date. `where` says for people how it came to that.
void check_row(const Case& subject, const Saga& before, const Decision& decision, Time now,
               const Saga& after, History& history, const std::function<std::string()>& where,
               testing::Findings& findings);

/// Succeeded or skipped.
[[nodiscard]] bool is_done(const StepState& s);
/// Compensated or skipped.
[[nodiscard]] bool is_closed(const StepState& s);

}  // namespace skald::model
