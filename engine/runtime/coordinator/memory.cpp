// Which sagas the coordinator keeps in memory, and in what form.
//
// A saga under way is whole (`live_`), or parked: nothing of it but the attempts that are not
// answered, which are not all in the store. One that waits for a time or for people is not in
// memory at all; its timer, or its place in a line, brings it back.
#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "saga/size.hpp"
#include "saga/stand_in.hpp"

namespace skald {
namespace {

// A saga that wakes sooner than this stays in memory.
constexpr Duration short_wait{2'000};
// Steps of the hand per saga that is too many, so that one batch never looks at all.
constexpr std::size_t sweep_factor = 8;
// Sagas to look at when they are not too many, but too large.
constexpr std::size_t steps_for_bytes = 1'024;

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
  auto found = stored(id, Rows::since_snapshot);
  if (!found) return nullptr;
  LiveSaga& saga = live_[id];
  saga.snapshot_version = found->snapshot_version;
  saga.saga = std::move(found->saga);
  saga.bytes = payload_bytes(saga.saga);
  live_bytes_ += saga.bytes;
  find_definition(saga);
  saga.touched = true;  // So that it leaves again with this batch if nothing keeps it.
  open_.touched.push_back(id);
  if (saga.problem) return &saga;  // Nobody waits for an answer, and no time is due.
  if (auto parked = parked_.extract(id)) {
    saga.outstanding = std::move(parked.mapped());
  } else {
    rebuild_outstanding(saga, *found);
  }
  arm_wake(saga);
  return &saga;
}

std::optional<Coordinator::StoredSaga> Coordinator::stored(const SagaId& id, Rows which) {
  StoredSaga found;
  try {
    auto snapshot =
        which == Rows::since_snapshot ? store().snapshot(id) : std::optional<SagaSnapshot>{};
    if (snapshot) {
      found.snapshot_version = snapshot->saga.version;
      found.issued = std::move(snapshot->issued);
    }
    found.rows = store().journal(id, found.snapshot_version);
    if (found.rows.empty() && !snapshot) return std::nullopt;
    work().rows += found.rows.size();
    found.saga = snapshot ? fold(std::move(snapshot->saga), found.rows) : fold(found.rows);
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::corrupt || !settings_.guarded) throw;
    note_unusable(id, error.what());
    return std::nullopt;
  }
  return found;
}

// Or what stands in for it; then the saga is woken to record that it stands still.
void Coordinator::find_definition(LiveSaga& live) {
  try {
    live.definition = definition_of(live.saga);
    return;
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::corrupt || !settings_.guarded) throw;
    live.problem = error.what();
  } catch (const DefinitionError& error) {
    live.problem = error.what();
  }
  live.definition = stand_in_definition(live.saga);
  const bool told = unusable_.contains(live.saga.id);
  note_unusable(live.saga.id, *live.problem);
  if (!told && !is_end(live.saga.status)) deferred_.push_back(live.saga.id);
}

void Coordinator::remove_live(const SagaId& id) {
  const auto found = live_.find(id);
  if (found == live_.end()) return;
  live_bytes_ -= std::min(live_bytes_, found->second.bytes);
  tree_bytes_ -= std::min(tree_bytes_, found->second.tree_bytes);
  live_.erase(found);
}

// Small payloads are parsed again faster than they are kept.
void Coordinator::keep_trees(LiveSaga& live) {
  constexpr std::size_t kept_bytes_min = 4'096;
  if (live.trees.empty()) return;
  live.trees.forget_below(kept_bytes_min);
  const std::size_t bytes = live.trees.text_bytes();
  if (bytes > 0 && live.tree_bytes == 0) with_trees_.push_back(live.saga.id);
  tree_bytes_ = tree_bytes_ - live.tree_bytes + bytes;
  live.tree_bytes = bytes;
  while (tree_bytes_ > settings_.tree_bytes_limit && !with_trees_.empty()) {
    const auto oldest = live_.find(with_trees_.front());
    with_trees_.pop_front();
    if (oldest == live_.end()) continue;
    tree_bytes_ -= oldest->second.tree_bytes;
    oldest->second.tree_bytes = 0;
    oldest->second.trees = {};
  }
}

// A long history need not be read from its beginning when the saga comes back into memory. One
// whose positions are not known before the commit gets its snapshot with a later row; a saga with
// children is not given any, as their ids are in its rows.
void Coordinator::keep_snapshot(LiveSaga& live) {
  constexpr std::uint64_t rows_between = 512;
  const Saga& saga = live.saga;
  if (saga.version - live.snapshot_version < rows_between || live.problem) return;
  const bool has_children = std::any_of(saga.steps.begin(), saga.steps.end(),
                                        [](const StepState& s) { return s.child.has_value(); });
  if (has_children || is_end(saga.status)) return;
  SagaSnapshot snapshot{saga, {}, {}};
  for (const OutstandingAttempt& o : live.outstanding) {
    if (o.issued_at == 0) return;
    snapshot.issued.emplace_back(o.attempt, o.issued_at);
  }
  open_.batch.snapshots.push_back(std::move(snapshot));
  live.snapshot_version = saga.version;
}

void Coordinator::rebuild_outstanding(LiveSaga& saga, const StoredSaga& from) {
  for (const AttemptRef& attempt : outstanding_attempts(saga.saga)) {
    OutstandingAttempt& o = saga.outstanding.emplace_back();
    o.attempt = attempt;
    o.timeout = attempt_timeout(saga.definition->steps[attempt.step], attempt.direction);
    for (const auto& [issued, position] : from.issued) {
      if (issued == attempt) o.issued_at = position;
    }
    for (const JournalRow& row : from.rows) {
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

// CLOCK (second-chance) eviction of sagas that only wait for answers.
void Coordinator::make_room() {
  const auto too_many = [this] { return live_.size() > settings_.cached_sagas_limit; };
  const auto too_large = [this] { return live_bytes_ > settings_.cached_bytes_limit; };
  if (!too_many() && !too_large()) return;
  std::size_t steps =
      (too_many() ? live_.size() - settings_.cached_sagas_limit : steps_for_bytes) * sweep_factor;
  std::vector<SagaId> leaving;
  while (steps-- > 0 && (too_many() || too_large())) {
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
  std::vector<OutstandingAttempt>& outstanding = live_.at(id).outstanding;
  if (!outstanding.empty()) {
    outstanding.shrink_to_fit();
    parked_[id] = std::move(outstanding);
  }
  remove_live(id);
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
      remove_live(id);
      continue;
    }
    if (saga.saga.paused || status == Status::stuck) lines_.leave_for_good(id);
    saga.starved = lines_.waits(id);
    arm_wake(saga);
    saga.recent = true;
    const bool waits_long = !saga.wake || (*saga.wake)->at - now_ > short_wait;
    const bool has_more = saga.starved || saga.deferred;
    if (saga.outstanding.empty() && waits_long && !has_more) remove_live(id);
  }
  for (const Position position : settled) watermark_.settled(position);
  make_room();
}

}  // namespace skald
