// The coordinator's main line: take and decide. What comes then is in coordinator_commit.cpp.
#include "coordinator.hpp"

#include <algorithm>

namespace skald {

namespace {

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

void Coordinator::process(Portion arrivals, Time now) {
  now_ = now;
  Portion earlier;
  if (retry_commit_at_ && *retry_commit_at_ <= now) {
    retry_commit_at_.reset();  // Even if nothing was kept: what is due is due once.
    earlier = Portion(std::exchange(held_, {}));
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
  for (Portion* portion : {&earlier, &arrivals}) {
    if (portion->arrivals.empty()) continue;
    open_.arrivals.push_back(*portion);
    take_all(portion->arrivals);
  }
  if (!holds_overdue()) fire_timers();
  serve_lines();
  conclude(false);
}

void Coordinator::take_all(std::span<Arrival> arrivals) {
  look_up_keys(arrivals);
  for (Arrival& arrival : arrivals) {
    std::visit([this](auto& a) { take(a); }, arrival);
  }
  looked_up_.clear();
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
    open_.touched.push_back(id);
  }
  const std::size_t append = open_.batch.appends.size();
  std::vector<Effect> family;
  for (Effect& effect : decision.effects) {
    const bool own = !std::holds_alternative<StartChild>(effect) &&
                     !std::holds_alternative<TurnChildBack>(effect);
    if (own) {
      open_.effects.push_back({id, std::move(effect), append});
    } else {
      family.push_back(std::move(effect));
    }
  }
  if (decision.events.empty()) return std::nullopt;
  if (live.saga.status != before) live.dirty_summary = true;
  note_events(live, input, decision.events);
  open_.batch.appends.push_back({id, live.saga.version, now_, std::move(decision.events)});
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
    drop_outstanding(o, open_.settled);
    live.outstanding.erase(live.outstanding.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void Coordinator::fire_timers() {
  for (std::size_t left = fired_timers_max; left > 0; --left) {
    if (timers_.empty() || timers_.begin()->at > now_) break;
    const Timer target = *timers_.begin();
    LiveSaga* saga = live(target.saga);
    // Its last turn may just have been acted on, and have set another time.
    const auto timer = timers_.find(target);
    if (timer == timers_.end()) continue;
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

}  // namespace skald
