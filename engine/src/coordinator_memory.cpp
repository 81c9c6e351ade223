// Which sagas the coordinator keeps in memory, and in what form.
//
// A saga under way is whole (`live_`), or parked: nothing of it but the attempts that are not
// answered, which are not all in the store. One that waits for a time or for people is not in
// memory at all; its timer, or its place in a line, brings it back.
#include "coordinator.hpp"

namespace skald {
namespace {

// A saga that wakes sooner than this stays in memory.
constexpr Duration short_wait{2'000};
// Steps of the hand per saga that is too many, so that one batch never looks at all.
constexpr std::size_t sweep_factor = 8;

}  // namespace

LiveSaga* Coordinator::live(const SagaId& id) {
  auto found = live_.find(id);
  if (found != live_.end() && found->second.committing && commit_ != Commit::failed) {
    finish_commit();
    found = live_.find(id);
  }
  return found != live_.end() ? &found->second : load(id);
}

LiveSaga* Coordinator::load(const SagaId& id) {
  const std::vector<JournalRow> rows = store().journal(id);
  if (rows.empty()) return nullptr;
  LiveSaga& saga = live_[id];
  saga.saga = fold(rows);
  saga.definition = definition_of(saga.saga);
  saga.touched = true;  // So that it leaves again with this batch if nothing keeps it.
  open_.touched.push_back(id);
  if (auto parked = parked_.extract(id)) {
    saga.outstanding = std::move(parked.mapped());
  } else {
    rebuild_outstanding(saga, rows);
  }
  arm_wake(saga);
  return &saga;
}

void Coordinator::rebuild_outstanding(LiveSaga& saga, const std::vector<JournalRow>& rows) {
  for (const AttemptRef& attempt : outstanding_attempts(saga.saga)) {
    OutstandingAttempt& o = saga.outstanding.emplace_back();
    o.attempt = attempt;
    o.timeout = attempt_timeout(saga.definition->steps[attempt.step], attempt.direction);
    for (const JournalRow& row : rows) {
      for (const Event& event : row.events) {
        const auto* issued = std::get_if<CommandIssued>(&event);
        if (issued && issued->attempt == attempt) o.issued_at = row.position;
      }
    }
    identify(saga, o, false);
    if (settings_.mode == Mode::engine) arm_attempt(saga.saga.id, o, o.timeout);
  }
}

void Coordinator::forget(LiveSaga& live) {
  disarm(live.wake);
  for (OutstandingAttempt& attempt : live.outstanding) disarm(attempt.timer);
}

// Takes out of memory what only waits for answers, the sagas first that nothing has happened to for
// long. A hand goes round; a saga that it finds for the second time in peace has to leave.
void Coordinator::make_room() {
  if (live_.size() <= settings_.cached_sagas_limit) return;
  std::size_t steps = (live_.size() - settings_.cached_sagas_limit) * sweep_factor;
  std::vector<SagaId> leaving;
  while (steps-- > 0 && live_.size() > settings_.cached_sagas_limit) {
    if (++sweep_hand_ >= live_.bucket_count()) sweep_hand_ = 0;
    leaving.clear();
    for (auto it = live_.begin(sweep_hand_); it != live_.end(sweep_hand_); ++it) {
      const bool recent = std::exchange(it->second.recent, false);
      if (!recent && !it->second.touched) leaving.push_back(it->first);
    }
    for (const SagaId& id : leaving) park(id);
  }
}

void Coordinator::park(const SagaId& id) {
  const auto found = live_.find(id);
  std::vector<OutstandingAttempt>& outstanding = found->second.outstanding;
  if (!outstanding.empty()) {
    outstanding.shrink_to_fit();
    parked_[id] = std::move(outstanding);
  }
  live_.erase(found);
}

OutstandingAttempt* Coordinator::outstanding(const SagaId& id, const AttemptRef& attempt) {
  if (const auto whole = live_.find(id); whole != live_.end()) return whole->second.find(attempt);
  const auto parked = parked_.find(id);
  return parked == parked_.end() ? nullptr : find_attempt(parked->second, attempt);
}

void Coordinator::settle_sagas(const Turn& turn) {
  std::vector<Position> settled;
  for (const SagaId& id : turn.touched) {
    const auto found = live_.find(id);
    LiveSaga& saga = found->second;
    saga.touched = false;
    saga.committing = false;
    saga.dirty_summary = false;
    const Status status = saga.saga.status;
    if (is_end(status) || status == Status::stuck) {
      tell_waiters(saga.saga);
    }
    if (is_end(status)) leave_locks(saga.saga);
    if (is_end(status) || settings_.mode == Mode::momentary) {
      for (OutstandingAttempt& attempt : saga.outstanding) {
        let_go(saga, attempt);
        drop_outstanding(attempt, settled);
      }
      lines_.leave_for_good(id);
      forget(saga);
      live_.erase(found);
      continue;
    }
    if (saga.saga.paused || status == Status::stuck) lines_.leave_for_good(id);
    saga.starved = lines_.waits(id);
    arm_wake(saga);
    saga.recent = true;
    const bool waits_long = !saga.wake || (*saga.wake)->at - now_ > short_wait;
    if (saga.outstanding.empty() && waits_long && !saga.starved) live_.erase(found);
  }
  for (const Position position : settled) watermark_.settled(position);
  make_room();
}

}  // namespace skald
