#include "skald/retry_budget.hpp"

#include <algorithm>
#include <cmath>

namespace skald {

std::uint64_t RetryBudgetPolicy::left(const RetryBudgetState& state, Time now) const {
  const auto [first, retries] = state.tries.at(window, now).sum();
  const double seconds = std::chrono::duration<double>(window).count();
  const double share = ratio * static_cast<double>(first) + min_per_second * seconds;
  // One per window at the least: a retry that nobody ever allows would hang its saga. A sum such
  // as 0.1 * 10 falls short of its whole number by a hair.
  const auto allowed = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share + 1e-9));
  return allowed - std::min(allowed, retries);
}

bool RetryBudgetPolicy::admits(const RetryBudgetState& state, CommandClass command,
                               Time now) const {
  return command != CommandClass::later_try || left(state, now) > 0;
}

Time RetryBudgetPolicy::next(const RetryBudgetState& state, CommandClass command, Time now) const {
  RetryBudgetState then{state.tries.at(window, now)};
  Time time = now;
  // After all slices have passed nothing is counted any more.
  for (std::size_t i = 0; i <= RollingWindow::slice_count; ++i) {
    if (admits(then, command, time)) break;
    time = then.tries.next_slice();
    then.tries = then.tries.at(window, time);
  }
  return time;
}

RetryBudgetState RetryBudgetPolicy::issued(RetryBudgetState state, CommandClass command,
                                           Time now) const {
  switch (command) {
    case CommandClass::undoing: break;
    case CommandClass::first_try: state.tries = state.tries.plus(window, {1, 0}, now); break;
    case CommandClass::later_try: state.tries = state.tries.plus(window, {0, 1}, now); break;
  }
  return state;
}

}  // namespace skald
