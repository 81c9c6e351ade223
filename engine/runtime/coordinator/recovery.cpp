// What was under way when the engine was closed, or died.
//
// Commands that the channel had not confirmed are sent again. Where they are carried out in this
// process, one of them may be what ended it: each is counted before it is carried out again, those
// that were counted before go one at a time, and decide() ends what was counted too often.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "coordinator/coordinator.hpp"
#include "saga/command_body.hpp"
#include "skald/closed_mark.hpp"
#include "skald/crash_point.hpp"
#include "skald/limits.hpp"

namespace skald {
namespace {

// How long what is overdue waits for replies that had queued up while no engine ran.
constexpr Duration catch_up_limit{10'000};
// After so long without a record it may as well be the clock that is wrong, and what fires by it
// cannot be taken back: people get some time to stop the engine and set the clock right.
constexpr Duration long_absence = std::chrono::hours{24};
constexpr Duration hold_after_absence = std::chrono::minutes{10};

}  // namespace

void Coordinator::recover(Time now) {
  now_ = now;
  for (const DefinitionPtr& stored : store_.definitions()) register_definition(stored);
  last_position_ = store_.last_position();
  acted_position_ = last_position_;
  if (settings_.mode == Mode::momentary) return;
  stored_watermark_ = store_.watermark(channel_.name());
  channel_noted_ = stored_watermark_ > 0;
  for (const PolicyConflict& conflict : book_.use(known_definitions())) {
    if (!settings_.log) break;
    settings_.log(LogLevel::warning,
                  fmt::format("{}; for now that of {} holds", describe(conflict), conflict.taken));
  }
  book_.restore(store_.participant_states(), now);
  const bool counts = channel_.runs_here() && !was_closed();
  std::vector<Position> unconfirmed;
  LockLines lines;
  std::set<SagaId> left;  // Roots that have ended before all of their families.
  Time last_record{};
  store_.each_unfinished([&](const SagaSummary& summary) {
    crash_point(CrashPoint::recovery_of_saga);
    LiveSaga* const loaded = load(summary.id);
    if (!loaded) {  // Damaged, which is noted, or without a journal.
      note_unusable(summary.id, "it has no journal");
      tell_of_lost_locks(summary);
      return;
    }
    LiveSaga& saga = *loaded;
    last_record = std::max(last_record, saga.saga.updated_at);
    for (OutstandingAttempt& o : saga.outstanding) {
      identify(saga, o, true);
      o.confirmed = o.issued_at <= stored_watermark_;
      if (o.confirmed) continue;
      disarm(o.timer);  // It starts when the command is really sent again.
      unconfirmed.push_back(o.issued_at);
      if (counts) {
        const Attempts& attempts = saga.saga.steps[o.attempt.step].of(o.attempt.direction);
        interrupted_.push_back({summary.id, o.attempt, attempts.interrupted});
      } else {
        unsent_.emplace_back(summary.id, o.attempt);
      }
    }
    saga.touched = false;
    const bool waits = may_issue(*saga.definition, saga.saga, now);
    if (waits) unplaced_.push_back(summary.id);
    const bool has_children = std::any_of(saga.saga.steps.begin(), saga.saga.steps.end(),
                                          [](const StepState& s) { return s.child.has_value(); });
    if (has_children || !saga.saga.locks.empty()) note_locks(summary.id, lines);
    if (saga.saga.parent) {
      const auto root = store_.summary(saga.saga.root);
      if (root && is_end(root->status)) left.insert(root->id);
    }
    const bool crowded = live_.size() > settings_.cached_sagas_limit;
    if (crowded || (saga.outstanding.empty() && !waits)) park(summary.id);
  });
  open_.touched.clear();
  for (const SagaId& root : left) note_family_locks(root, lines);
  rebuild_locks(std::move(lines));
  std::sort(unconfirmed.begin(), unconfirmed.end());
  for (const Position position : unconfirmed) watermark_.issued(position);
  std::stable_sort(interrupted_.begin(), interrupted_.end(),
                   [](const Interrupted& a, const Interrupted& b) { return a.times < b.times; });
  for (const SagaSummary& newest : store_.list({}, {}, 1)) {
    last_record = std::max(last_record, newest.updated_at);
  }
  if (last_record > Time{} && now - last_record > long_absence) hold_what_is_due(last_record);
  hold_overdue_until_ = now + catch_up_limit;
  crash_point(CrashPoint::recovery_rebuilt);
}

// What such a saga holds is written in what cannot be read.
void Coordinator::tell_of_lost_locks(const SagaSummary& summary) {
  const auto found = definitions_.find(summary.definition);
  if (found == definitions_.end() || found->second->locks.empty()) return;
  log(LogLevel::warning,
      fmt::format("saga {} is damaged, so that nobody knows which locks it holds: other sagas may "
                  "take them; look at what it had begun before you let them",
                  summary.id.to_string()));
}

void Coordinator::hold_what_is_due(Time last_record) {
  opened_at_ = now_;
  hold_due_until_ = now_ + hold_after_absence;
  std::set<SagaId> held;
  // Attempts' timers begin now, so what is due already are deadlines, sleeps, waits and retries.
  while (!timers_.empty() && timers_.begin()->at <= now_) {
    const auto due = timers_.begin();
    const auto later = timers_.insert({*hold_due_until_, due->saga, due->attempt}).first;
    const auto found = live_.find(due->saga);
    if (found != live_.end() && found->second.wake == due) found->second.wake = later;
    held.insert(due->saga);
    timers_.erase(due);
  }
  // They may wait in a line as well, and what they are held for may never come: they are looked at
  // when the holding is over.
  std::erase_if(unplaced_, [this, &held](const SagaId& id) {
    if (!held.contains(id)) return false;
    held_back_.push_back(id);
    return true;
  });
  if (held.empty() || !settings_.log) return;
  settings_.log(
      LogLevel::warning,
      fmt::format("the last record is {} old; what fell due meanwhile in {} sagas is held "
                  "until {}: if the clock is wrong, stop the engine before and set it "
                  "right",
                  describe_duration(now_ - last_record), held.size(),
                  format_time(*hold_due_until_)));
}

// Where commands are carried out in this process: whether the engine was closed in order, with what
// was under way given up. It says so only once.
bool Coordinator::was_closed() {
  const std::string mark = closed_mark(channel_.name());
  const Position closed_at = store_.watermark(mark);
  if (closed_at == 0) return last_position_ == 0;
  Batch batch;
  batch.watermarks[mark] = 0;
  try {
    (void)store_.commit(batch);
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    // The mark stays: should this engine die before it stores anything, that is not counted.
  }
  return closed_at == last_position_;
}

void Coordinator::take(RoomArrival&) {
  // The replies that had queued up have arrived before this sign.
  if (channel_.caught_up()) hold_overdue_until_.reset();
  resend_unconfirmed();
}

// As many as the turn has time for. Those of paused sagas wait until they are resumed.
void Coordinator::resend_unconfirmed() {
  std::vector<Command> commands;
  std::deque<std::pair<SagaId, AttemptRef>> left;
  auto next = unsent_.begin();
  more_to_resend_ = false;
  for (; next != unsent_.end(); ++next) {
    more_to_resend_ = next != unsent_.begin() && meter_.is_full();
    if (more_to_resend_) break;
    const auto& [id, attempt] = *next;
    LiveSaga* saga = live(id);
    if (!saga || !saga->find(attempt)) continue;  // Decided by a reply that was waiting.
    if (!has_room_for(*saga, attempt)) break;
    if (saga->saga.paused) {
      left.push_back(*next);
    } else {
      send_again(*saga, attempt, commands);
    }
  }
  left.insert(left.end(), next, unsent_.end());
  unsent_ = std::move(left);
  if (commands.empty()) return;
  crash_point(CrashPoint::recovery_before_resend);
  channel_.send(std::move(commands));
  crash_point(CrashPoint::recovery_resent);
}

void Coordinator::run_interrupted() {
  const auto is_over = [this](const Interrupted& i) { return !outstanding(i.saga, i.attempt); };
  std::erase_if(interrupted_, is_over);
  if (suspect_ && is_over(*suspect_)) suspect_.reset();
  more_to_run_ = false;
  for (Interrupted& next : interrupted_) {
    LiveSaga* saga = next.counted ? nullptr : live(next.saga);
    if (!saga || saga->saga.paused) continue;
    const bool suspected = next.times > 0;
    if ((suspected && suspect_) || !has_room_for(*saga, next.attempt)) break;
    more_to_run_ = meter_.is_full();
    if (more_to_run_) break;
    next.counted = true;
    (void)apply(*saga, ProcessEnded{next.attempt, next.times + 1 >= interruptions_max});
    // One that was counted for the last time is over at once, and holds up nobody.
    if (suspected && !is_over(next)) suspect_ = next;
  }
}

bool Coordinator::has_room_for(const LiveSaga& live, const AttemptRef& attempt) const {
  return in_flight_bytes_.has_room() &&
         channel_.has_room(live.definition->steps[attempt.step].participant);
}

void Coordinator::send_again(LiveSaga& live, const AttemptRef& attempt,
                             std::vector<Command>& commands) {
  std::string problem;
  auto body = command_body(*live.definition, live.saga, attempt.step, attempt.direction, live.trees,
                           problem);
  keep_trees(live);
  if (!body) {  // It could be filled in before; should it not be so any more, the attempt times
                // out.
    OutstandingAttempt& o = *live.find(attempt);
    arm_attempt(live.saga.id, o, o.timeout);
    return;
  }
  send_command(live, SendCommand{attempt, *std::move(body)}, commands);
  commands.back().sent_before = true;
}

}  // namespace skald
