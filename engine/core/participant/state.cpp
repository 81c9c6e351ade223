#include "skald/participant_state.hpp"

#include <algorithm>

namespace skald {
namespace {

// Collects refusals, the outermost first; the latest time counts, and "by an end only" beats all.
class Refusals {
 public:
  void add(const char* policy, std::optional<Time> until) {
    if (!hold_) {
      hold_ = Hold{policy, until};
    } else if (!until) {
      hold_->until.reset();
    } else if (hold_->until) {
      hold_->until = std::max(*hold_->until, *until);
    }
  }
  [[nodiscard]] const std::optional<Hold>& hold() const { return hold_; }

 private:
  std::optional<Hold> hold_;
};

// Their sum may well be the same: while one is counted, another is forgotten.
bool retries_were_added(const RollingWindow& before, const RollingWindow& after) {
  constexpr auto count = static_cast<std::int64_t>(RollingWindow::slice_count);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t then = before.newest - after.newest + i;  // The same slice of `before`.
    const bool kept = before.slice == after.slice && then >= 0 && then < count;
    const auto at = static_cast<std::size_t>(i);
    const std::uint64_t known = kept ? before.counts[static_cast<std::size_t>(then)].b : 0;
    if (after.counts[at].b > known) return true;
  }
  return false;
}

}  // namespace

std::optional<Hold> held(const ParticipantPolicies& policies, const ParticipantState& state,
                         CommandClass command, Time now) {
  Refusals refusals;
  if (const auto& p = policies.retry_budget; p && !p->admits(state.retry_budget, command, now)) {
    refusals.add("retry_budget", p->next(state.retry_budget, command, now));
  }
  if (const auto& p = policies.breaker; p && !p->admits(state.breaker, now)) {
    refusals.add("breaker", p->next(state.breaker, now));
  }
  if (const auto& p = policies.rate_limit; p && !p->admits(state.rate_limit, command, now)) {
    refusals.add("rate_limit", p->next(state.rate_limit, command, now));
  }
  if (const auto& p = policies.bulkhead; p && !p->admits(state.bulkhead, command)) {
    refusals.add("bulkhead", std::nullopt);
  }
  return refusals.hold();
}

ParticipantState after_issue(const ParticipantPolicies& policies, ParticipantState state,
                             CommandClass command, Time now) {
  if (const auto& p = policies.breaker) state.breaker = p->issued(state.breaker, now);
  if (const auto& p = policies.rate_limit) state.rate_limit = p->issued(state.rate_limit, now);
  if (const auto& p = policies.retry_budget) {
    state.retry_budget = p->issued(state.retry_budget, command, now);
  }
  // Counted without a bulkhead, too: one may be stated while commands are under way.
  state.bulkhead = BulkheadPolicy::issued(state.bulkhead, command);
  return state;
}

ParticipantState after_end(const ParticipantPolicies& policies, ParticipantState state,
                           const CommandEnd& end, Time now) {
  state.bulkhead = BulkheadPolicy::ended(state.bulkhead, end.command);
  if (const auto& p = policies.breaker) {
    state.breaker = p->ended(state.breaker, end.generation, end.sign, end.retry_after, now);
  }
  note_answer(state, end, now);
  return state;
}

void note_answer(ParticipantState& state, const CommandEnd& end, Time now) {
  if (end.sign == LifeSign::none) return;
  state.last_answer = LastAnswer{now, end.error_code};
  if (!end.error_code.empty()) state.last_error = state.last_answer;
}

ParticipantState after_restart(const ParticipantPolicies& policies, ParticipantState state,
                               Time now) {
  state.bulkhead = {};
  // A clock that was set back while no engine ran: what counts is what passes from now on.
  if (const auto& p = policies.rate_limit) state.rate_limit = p->at(state.rate_limit, now);
  if (const auto& p = policies.retry_budget) {
    state.retry_budget.tries = state.retry_budget.tries.at(p->window, now);
  }
  if (const auto& p = policies.breaker) {
    if (p->failure_rate > 0) state.breaker.calls = state.breaker.calls.at(p->window, now);
    state.breaker = p->at(state.breaker, now);
  }
  if (state.breaker.phase == BreakerPhase::half_open) {
    ++state.breaker.generation;
    state.breaker.probes_in_flight = 0;
  }
  return state;
}

bool worth_storing(const ParticipantState& a, const ParticipantState& b) {
  const BreakerState& before = a.breaker;
  const BreakerState& after = b.breaker;
  return a.unusable != b.unusable || before.generation != after.generation ||
         before.opened_at != after.opened_at || before.failures_in_row != after.failures_in_row ||
         before.probes_alive != after.probes_alive || a.order != b.order ||
         a.rate_limit != b.rate_limit ||
         retries_were_added(a.retry_budget.tries, b.retry_budget.tries);
}

}  // namespace skald
