// The coordinator's main line: take, decide, commit, act.
#include "coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "skald/crash_point.hpp"

namespace skald {

namespace {

constexpr Duration full_retry_min{100};
constexpr Duration full_retry_max{5'000};
// A watermark that lags costs repeated sends after a crash, one that is written costs a page.
constexpr Position watermark_stride = 1'000;
constexpr Duration watermark_age{200};
// Timers that one batch fires; the others follow at once.
constexpr std::size_t fired_timers_max = 4'096;

template <typename T>
constexpr bool touches_summary =
    std::is_same_v<T, SagaStarted> || std::is_same_v<T, SagaTurnedBack> ||
    std::is_same_v<T, SagaStuck> || std::is_same_v<T, SagaResumed> ||
    std::is_same_v<T, SagaPaused> || std::is_same_v<T, OperatorDecided> ||
    std::is_same_v<T, ContradictionSeen> || std::is_same_v<T, ReplayStarted> ||
    std::is_same_v<T, SagaCompleted> || std::is_same_v<T, SagaCompensated> ||
    std::is_same_v<T, SagaAbandoned>;

}  // namespace

void WatermarkTracker::settled(Position position) {
  const auto found = std::lower_bound(waiting_.begin(), waiting_.end(), position,
                                      [](const Entry& e, Position p) { return e.position < p; });
  // Several commands of one row stand beside each other; settle the first that is not.
  for (auto it = found; it != waiting_.end() && it->position == position; ++it) {
    if (it->settled) continue;
    it->settled = true;
    break;
  }
  while (!waiting_.empty() && waiting_.front().settled) waiting_.pop_front();
}

Coordinator::Coordinator(Store& store, Channel& channel, Settings settings)
    : store_(store),
      channel_(channel),
      settings_(std::move(settings)),
      book_(settings_.participants, settings_.log, settings_.policy_observer),
      admission_(
          channel, book_, lines_, locks_,
          [this](const Step& step, const JsonText& input) { return refuses_child(step, input); },
          settings_.mode),
      random_(settings_.id_seed) {}

void Coordinator::process(std::span<Arrival> arrivals, Time now) {
  now_ = now;
  std::vector<Arrival> earlier;
  if (retry_commit_at_ && *retry_commit_at_ <= now) {
    retry_commit_at_.reset();  // Even if nothing was kept: what is due is due once.
    earlier.swap(held_);
  }
  if (hold_overdue_until_ && now >= *hold_overdue_until_) {
    hold_overdue_until_.reset();  // The broker may be away for long; deadlines are deadlines.
  }
  if (hold_due_until_ && now >= *hold_due_until_) {
    hold_due_until_.reset();
    unplaced_.insert(unplaced_.end(), held_back_.begin(), held_back_.end());
    held_back_.clear();
  }
  wake_unlocked();
  start_those_who_wait();
  take_all(earlier);
  take_all(arrivals);
  if (!holds_overdue()) fire_timers();
  serve_lines();
  try {
    commit();
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    roll_back(error.what());
    std::vector<Arrival> kept;
    keep_or_answer(earlier, kept);
    keep_or_answer(arrivals, kept);
    held_.insert(held_.end(), std::make_move_iterator(kept.begin()),
                 std::make_move_iterator(kept.end()));
    act();
    look_after_the_store();  // A store that is full wants it most.
    return;
  }
  act();
  look_after_the_store();
}

void Coordinator::take_all(std::span<Arrival> arrivals) {
  for (Arrival& arrival : arrivals) {
    std::visit([this](auto& a) { take(a); }, arrival);
  }
}

// After a commit that failed. Whoever only wanted to know something is told how things stand
// without the batch.
void Coordinator::keep_or_answer(std::span<Arrival> arrivals, std::vector<Arrival>& kept) {
  for (Arrival& arrival : arrivals) {
    const bool keep = std::holds_alternative<ReplyArrival>(arrival) ||
                      std::holds_alternative<UnusableArrival>(arrival);
    if (keep) {
      kept.push_back(std::move(arrival));
      continue;
    }
    if (auto* look = std::get_if<LookArrival>(&arrival)) take(*look);
    // One that has been taken up waits on, and its answer is not here any more.
    auto* wait = std::get_if<WaitArrival>(&arrival);
    if (wait && wait->answer) take(*wait);
  }
}

std::optional<Time> Coordinator::next_due() const {
  std::optional<Time> due;
  if (!timers_.empty()) due = timers_.begin()->at;
  const bool unlocked = !unlocked_.empty() && !holds_overdue();
  const bool hope = !hopeful_.empty() && has_room_for_the_first();
  if (more_to_serve_ || unlocked || hope) return retry_commit_at_.value_or(now_);
  if (const auto admission = next_admission()) due = due ? std::min(*due, *admission) : admission;
  if (!held_back_.empty()) due = due ? std::min(*due, *hold_due_until_) : *hold_due_until_;
  for (const StartArrival& a : hopeful_) due = due ? std::min(*due, *a.give_up_at) : a.give_up_at;
  if (holds_overdue()) due = hold_overdue_until_;
  if (retry_commit_at_) due = due ? std::min(*due, *retry_commit_at_) : *retry_commit_at_;
  return due;
}

bool Coordinator::holds_overdue() const { return hold_overdue_until_.has_value(); }

std::optional<Refusal> Coordinator::apply(LiveSaga& live, const Input& input) {
  const Status before = live.saga.status;
  admission_.begin(live.saga.id, live.saga.priority, now_);
  Decision decision = decide(*live.definition, live.saga, input, now_, admission_);
  if (decision.refusal) return std::move(decision.refusal);
  const SagaId id = live.saga.id;
  join_lines(live);
  if (!live.touched) {
    live.touched = true;
    touched_.push_back(id);
  }
  const std::size_t append = batch_.appends.size();
  std::vector<Effect> family;
  for (Effect& effect : decision.effects) {
    const bool own = !std::holds_alternative<StartChild>(effect) &&
                     !std::holds_alternative<TurnChildBack>(effect);
    if (own) {
      effects_.push_back({id, std::move(effect), append});
    } else {
      family.push_back(std::move(effect));
    }
  }
  if (decision.events.empty()) return std::nullopt;
  if (live.saga.status != before) live.dirty_summary = true;
  note_events(live, input, decision.events);
  batch_.appends.push_back({id, live.saga.version, now_, std::move(decision.events)});
  const bool ended = is_end(live.saga.status) && live.saga.status != before;
  for (Effect& effect : family) tell_child(live, effect);
  if (ended) tell_parent(live);
  return std::nullopt;
}

void Coordinator::note_events(LiveSaga& live, const Input& input,
                              const std::vector<Event>& events) {
  for (const Event& event : events) {
    std::visit(
        [&](const auto& e) {
          using E = std::decay_t<decltype(e)>;
          if constexpr (std::is_same_v<E, CommandIssued>) {
            OutstandingAttempt& issued = live.outstanding.emplace_back();
            issued.attempt = e.attempt;
            issued.timeout =
                attempt_timeout(live.definition->steps[e.attempt.step], e.attempt.direction);
            note_issued(live, e.attempt);
          } else if constexpr (touches_summary<E>) {
            live.dirty_summary = true;
          }
        },
        event);
  }
  for (std::size_t i = live.outstanding.size(); i-- > 0;) {
    OutstandingAttempt& o = live.outstanding[i];
    const Attempts& a = live.saga.steps[o.attempt.step].of(o.attempt.direction);
    if (a.outstanding && a.made == o.attempt.attempt) continue;
    note_ended(live, o, end_of(o.attempt, input, events));
    drop_outstanding(o);
    live.outstanding.erase(live.outstanding.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void Coordinator::fire_timers() {
  for (std::size_t left = fired_timers_max; left > 0; --left) {
    if (timers_.empty() || timers_.begin()->at > now_) break;
    const auto timer = timers_.begin();
    const Timer target = *timer;
    LiveSaga* saga = live(target.saga);
    if (saga && saga->wake == timer) saga->wake.reset();
    if (target.attempt && saga) {
      OutstandingAttempt* attempt = saga->find(*target.attempt);
      if (attempt && attempt->timer == timer) attempt->timer.reset();
    }
    timers_.erase(timer);
    if (!saga) continue;
    if (target.attempt) {
      (void)apply(*saga, AttemptTimedOut{*target.attempt});
    } else {
      (void)apply(*saga, Woken{});
    }
  }
}

void Coordinator::commit() {
  for (const SagaId& id : touched_) {
    LiveSaga& saga = live_.at(id);
    if (!saga.dirty_summary) continue;
    batch_.summaries.push_back(summarize(*saga.definition, saga.saga));
  }
  if (settings_.mode == Mode::engine) {
    const Position settled = watermark_.value(last_position_);
    const bool far = settled - stored_watermark_ >= watermark_stride;
    const bool old = settled > stored_watermark_ && now_ - watermark_stored_at_ >= watermark_age;
    if (!batch_.empty() && (far || old)) batch_.watermarks[channel_.name()] = settled;
  }
  if (settings_.mode == Mode::engine) batch_.participants = book_.changes();
  if (batch_.empty()) return;
  const bool with_watermark = !batch_.watermarks.empty();
  if (with_watermark) crash_point(CrashPoint::watermark_before_commit);
  crash_point(CrashPoint::batch_before_commit);
  const Position first = store_.commit(batch_);
  if (with_watermark) crash_point(CrashPoint::watermark_after_commit);
  if (!batch_.appends.empty()) {
    last_position_ = first + static_cast<Position>(batch_.appends.size()) - 1;
  }
  for (const auto& [channel, position] : batch_.watermarks) {
    stored_watermark_ = position;
    watermark_stored_at_ = now_;
  }
  if (retry_commit_delay_ > Duration::zero() && settings_.log) {
    settings_.log(LogLevel::info, "the store can be written to again; going on");
  }
  retry_commit_delay_ = Duration::zero();
  if (retry_commit_at_) retry_commit_at_ = now_;  // What was kept need not wait any longer.
}

void Coordinator::act() {
  waking_.clear();
  if (!effects_.empty()) crash_point(CrashPoint::batch_before_send);
  send_commands();
  if (!effects_.empty()) crash_point(CrashPoint::batch_after_send);
  if (settings_.observer) {
    for (const JournalAppend& append : batch_.appends) {
      const LiveSaga& saga = live_.at(append.saga);
      settings_.observer(*saga.definition, saga.saga, append.events);
    }
  }
  if (!receipts_.empty()) channel_.receipt(receipts_);
  const bool answers = !answers_.empty() || !owed_starts_.empty();
  if (answers) crash_point(CrashPoint::batch_before_answers);
  for (OwedStart& owed : std::exchange(owed_starts_, {})) owed.answer(owed.started);
  for (const auto& answer : std::exchange(answers_, {})) answer();
  if (answers) crash_point(CrashPoint::batch_answered);
  settle_sagas();
  book_.committed(batch_.participants);
  lines_.committed();
  placed_.clear();
  ended_.clear();
  for (const Position position : settled_) watermark_.settled(position);
  settled_.clear();
  batch_ = {};
  effects_.clear();
  touched_.clear();
  receipts_.clear();
  refusals_.clear();
  batch_keys_.clear();
}

void Coordinator::send_commands() {
  std::vector<Command> commands;
  const Position first = last_position_ - static_cast<Position>(batch_.appends.size()) + 1;
  commands.reserve(effects_.size());
  for (PendingEffect& pending : effects_) {
    LiveSaga& saga = live_.at(pending.saga);
    if (auto* send = std::get_if<SendCommand>(&pending.effect)) {
      OutstandingAttempt* attempt = saga.find(send->attempt);
      if (!attempt) continue;  // Decided by a later input of the same batch.
      attempt->issued_at = first + static_cast<Position>(pending.append);
      watermark_.issued(attempt->issued_at);
      send_command(saga, std::move(*send), commands);
    } else if (const auto* withdrawn = std::get_if<WithdrawCommand>(&pending.effect)) {
      channel_.withdraw(pending.saga, withdrawn->attempt);
    } else if (const auto* extend = std::get_if<ExtendAttempt>(&pending.effect)) {
      OutstandingAttempt* attempt = saga.find(extend->attempt);
      if (attempt) arm_attempt(pending.saga, *attempt, extend->lease);
    }
  }
  if (!commands.empty()) channel_.send(std::move(commands));
}

void Coordinator::send_command(LiveSaga& live, SendCommand effect, std::vector<Command>& commands) {
  const Saga& saga = live.saga;
  const Step& step = live.definition->steps[effect.attempt.step];
  const Direction direction = effect.attempt.direction;
  Command& command = commands.emplace_back();
  command.id = {saga.id, step.name, direction, effect.attempt.attempt};
  command.attempt = effect.attempt;
  command.saga_type = saga.type;
  command.saga_version = saga.definition_version;
  command.participant = step.participant;
  command.action = direction == Direction::action       ? step.action
                   : direction == Direction::compensate ? step.compensation->action
                                                        : step.resolve;
  command.round = saga.steps[effect.attempt.step].of(direction).round;
  command.key = saga.key;
  command.timeout = attempt_timeout(step, direction);
  command.body = std::move(effect.body);
  command.position = live.find(effect.attempt)->issued_at;
}

void Coordinator::roll_back(const std::string& why) {
  const std::vector<SagaId> touched = std::exchange(touched_, {});
  for (const SagaId& id : touched) {
    LiveSaga& saga = live_.at(id);
    for (const OutstandingAttempt& attempt : saga.outstanding) ended_.emplace_back(id, attempt);
    forget(saga);
    live_.erase(id);
  }
  more_to_serve_ = false;  // They are served with the next try.
  book_.rolled_back();
  lines_.rolled_back();
  unplaced_.insert(unplaced_.begin(), placed_.begin(), placed_.end());
  placed_.clear();
  std::move(waking_.begin(), waking_.end(), std::back_inserter(unlocked_));
  waking_.clear();
  batch_ = {};
  effects_.clear();
  receipts_.clear();
  answers_.clear();
  settled_.clear();
  batch_keys_.clear();
  const Refusal refusal{Refused::Code::unavailable, why};
  for (OwedStart& owed : std::exchange(owed_starts_, {})) owed.answer(refusal);
  for (const auto& refuse : std::exchange(refusals_, {})) refuse(refusal);
  if (settings_.log && retry_commit_delay_ == Duration::zero()) {
    settings_.log(LogLevel::error, fmt::format("{}; starts are refused until then", why));
  }
  retry_commit_delay_ = std::clamp(retry_commit_delay_ * 2, full_retry_min, full_retry_max);
  retry_commit_at_ = now_ + retry_commit_delay_;
  for (const SagaId& id : touched) {
    LiveSaga* saga = load(id);
    if (!saga) {
      locks_.forget(id);
      continue;
    }
    saga->touched = false;
    saga->starved = lines_.waits(id);
    if (is_end(saga->saga.status)) live_.erase(id);
  }
  ended_.clear();
  touched_.clear();
}

void Coordinator::drop_answers() {
  owed_starts_.clear();
  answers_.clear();
  refusals_.clear();
  waiters_.clear();
  hopeful_.clear();
  purges_.clear();
  releases_.clear();
}

}  // namespace skald
