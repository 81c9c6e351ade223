// The coordinator's definitions and timers.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "decide/decider.hpp"
#include "skald/expansion.hpp"

namespace skald {
namespace {

// When to wake a saga that is held although its time has come: what is left are its deadlines, and
// retries, hedges and waits whose time has not come yet.
std::optional<Time> wake_beyond_held(const LiveSaga& live, Time now) {
  Saga saga = live.saga;
  if (saga.not_before && *saga.not_before <= now) saga.not_before.reset();
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    StepState& step = saga.steps[i];
    for (Attempts& a : step.attempts) {
      if (a.retry_at && *a.retry_at <= now) a.retry_at = Time::max();
    }
    const auto hedge = hedge_due(live.definition->steps[i], step);
    if (hedge && *hedge <= now) step.issued_at.reset();
  }
  const auto wake = next_wake(*live.definition, saga);
  return wake == Time::max() ? std::nullopt : wake;
}

}  // namespace

DefinitionPtr Coordinator::definition(const Digest& digest) {
  const auto known = definitions_.find(digest);
  if (known != definitions_.end()) return known->second;
  DefinitionPtr stored = store().definition(digest);
  if (!stored) {
    throw StoreError(StoreError::Kind::corrupt,
                     fmt::format("the store lacks the definition {} that a saga pinned; run "
                                 "`skald store check`",
                                 digest.to_string()));
  }
  definitions_[digest] = stored;
  return stored;
}

DefinitionPtr Coordinator::definition_of(const Saga& saga) {
  auto effective = effective_definition(definition(saga.definition), saga.input);
  if (auto* problem = std::get_if<std::string>(&effective)) {
    throw StoreError(StoreError::Kind::corrupt,
                     fmt::format("saga {} does not fit its definition: its input {}; run "
                                 "`skald store check`",
                                 saga.id.to_string(), *problem));
  }
  auto found = std::get<DefinitionPtr>(std::move(effective));
  if (found->steps.size() != saga.steps.size()) {
    throw StoreError(StoreError::Kind::corrupt,
                     fmt::format("saga {} has {} steps and its definition {}; run `skald store "
                                 "check`",
                                 saga.id.to_string(), saga.steps.size(), found->steps.size()));
  }
  return found;
}

void Coordinator::register_definition(const DefinitionPtr& definition) {
  definitions_[definition->digest()] = definition;
  by_type_[definition->type][definition->version] = definition;
}

DefinitionPtr Coordinator::newest_definition(const std::string& type,
                                             std::optional<std::uint32_t> version) const {
  const auto versions = by_type_.find(type);
  if (versions == by_type_.end()) return nullptr;
  if (!version) return versions->second.rbegin()->second;
  const auto found = versions->second.find(*version);
  return found == versions->second.end() ? nullptr : found->second;
}

void Coordinator::arm_wake(LiveSaga& live) {
  std::optional<Time> wake;
  if (settings_.mode == Mode::engine) wake = next_wake(*live.definition, live.saga);
  if (wake && *wake <= now_) {
    // Held by a line or a lock, it is woken when that lets it go on.
    const bool held = live.starved || (!live.saga.holds_locks && !locks_.state(live.saga).free);
    if (held) wake = wake_beyond_held(live, now_);
  }
  if (wake && hold_due_until_ && *wake <= opened_at_) wake = hold_due_until_;
  if (wake && live.wake && (*live.wake)->at == *wake) return;
  disarm(live.wake);
  // One that was left behind when the saga left memory is found again.
  if (wake) live.wake = timers_.insert({*wake, live.saga.id, std::nullopt}).first;
}

void Coordinator::arm_attempt(const SagaId& saga, OutstandingAttempt& attempt, Duration timeout) {
  disarm(attempt.timer);
  attempt.timer = timers_.insert({later(now_, timeout), saga, attempt.attempt}).first;
}

void Coordinator::disarm(std::optional<Timers::iterator>& timer) {
  if (timer) timers_.erase(*timer);
  timer.reset();
}

void Coordinator::drop_outstanding(OutstandingAttempt& attempt, std::vector<Position>& settled) {
  disarm(attempt.timer);
  if (!attempt.confirmed) forget_body(attempt);
  if (attempt.issued_at > 0 && !attempt.confirmed) settled.push_back(attempt.issued_at);
}

void Coordinator::forget_body(OutstandingAttempt& attempt) {
  in_flight_bytes_.bytes -= std::min(in_flight_bytes_.bytes, std::exchange(attempt.body_bytes, 0));
}

void Coordinator::take(SentArrival& a) {
  OutstandingAttempt* attempt = outstanding(a.saga, a.attempt);
  if (attempt) arm_attempt(a.saga, *attempt, attempt->timeout);
}

void Coordinator::take(ConfirmedArrival& a) {
  OutstandingAttempt* attempt = outstanding(a.saga, a.attempt);
  if (!attempt || attempt->confirmed) return;
  attempt->confirmed = true;
  forget_body(*attempt);
  // At once, whatever becomes of the batch: the channel will not say it again.
  watermark_.settled(attempt->issued_at);
}

}  // namespace skald
