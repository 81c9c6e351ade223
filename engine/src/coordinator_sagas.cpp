// The coordinator's definitions and timers, and recovery.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "coordinator.hpp"
#include "decider.hpp"
#include "skald/crash_point.hpp"
#include "skald/expansion.hpp"

namespace skald {
namespace {

// How long what is overdue waits for replies that had queued up while no engine ran.
constexpr Duration catch_up_limit{10'000};
// After so long without a record it may as well be the clock that is wrong, and what fires by it
// cannot be taken back: people get some time to stop the engine and set the clock right.
constexpr Duration long_absence = std::chrono::hours{24};
constexpr Duration hold_after_absence = std::chrono::minutes{10};

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

void Coordinator::take(RoomArrival&) {
  // The replies that had queued up have arrived before this sign.
  if (channel_.caught_up()) hold_overdue_until_.reset();
  resend_unconfirmed();
}

void Coordinator::recover(Time now) {
  now_ = now;
  for (const DefinitionPtr& stored : store_.definitions()) register_definition(stored);
  last_position_ = store_.last_position();
  acted_position_ = last_position_;
  stored_watermark_ = store_.watermark(channel_.name());
  if (settings_.mode == Mode::momentary) return;
  for (const PolicyConflict& conflict : book_.use(known_definitions())) {
    if (!settings_.log) break;
    settings_.log(LogLevel::warning,
                  fmt::format("{}; for now that of {} holds", describe(conflict), conflict.taken));
  }
  book_.restore(store_.participant_states(), now);
  std::vector<Position> unconfirmed;
  LockLines lines;
  std::set<SagaId> left;  // Roots that have ended before all of their families.
  Time last_record{};
  store_.each_unfinished([&](const SagaSummary& summary) {
    crash_point(CrashPoint::recovery_of_saga);
    LiveSaga* const loaded = load(summary.id);
    if (!loaded) {  // Damaged, which is noted, or without a journal.
      note_unusable(summary.id, "it has no journal");
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
      unsent_.emplace_back(summary.id, o.attempt);
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
  for (const SagaSummary& newest : store_.list({}, {}, 1)) {
    last_record = std::max(last_record, newest.updated_at);
  }
  if (last_record > Time{} && now - last_record > long_absence) hold_what_is_due(last_record);
  hold_overdue_until_ = now + catch_up_limit;
  crash_point(CrashPoint::recovery_rebuilt);
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

void Coordinator::resend_unconfirmed() {
  std::vector<Command> commands;
  while (!unsent_.empty()) {
    const auto [id, attempt] = unsent_.front();
    LiveSaga* saga = live(id);
    if (!saga || !saga->find(attempt)) {  // Decided by a reply that was waiting.
      unsent_.pop_front();
      continue;
    }
    const bool room = in_flight_bytes_.has_room() &&
                      channel_.has_room(saga->definition->steps[attempt.step].participant);
    if (!room) break;
    std::string problem;
    auto body =
        command_body(*saga->definition, saga->saga, attempt.step, attempt.direction, problem);
    if (body) {
      send_command(*saga, SendCommand{attempt, *std::move(body)}, commands);
      commands.back().sent_before = true;
    }
    unsent_.pop_front();
  }
  if (commands.empty()) return;
  crash_point(CrashPoint::recovery_before_resend);
  channel_.send(std::move(commands));
  crash_point(CrashPoint::recovery_resent);
}

}  // namespace skald
