// The coordinator's main line: take and decide. What comes then is in coordinator_commit.cpp.
#include "coordinator/coordinator.hpp"

#include <algorithm>

#include "saga/size.hpp"

namespace skald {

namespace {

// Timers that one batch fires; the others follow at once.
constexpr std::size_t fired_timers_max = 4'096;
// So many fire although the turn's share is used up, so that arrivals cannot hold all back.
constexpr std::size_t fired_timers_min = 16;

template <typename T>
constexpr bool touches_summary =
    std::is_same_v<T, SagaStarted> || std::is_same_v<T, SagaTurnedBack> ||
    std::is_same_v<T, SagaStuck> || std::is_same_v<T, SagaResumed> ||
    std::is_same_v<T, SagaPaused> || std::is_same_v<T, OperatorDecided> ||
    std::is_same_v<T, ContradictionSeen> || std::is_same_v<T, ReplayStarted> ||
    std::is_same_v<T, SagaCompleted> || std::is_same_v<T, SagaCompensated> ||
    std::is_same_v<T, SagaAbandoned> || std::is_same_v<T, KeyHandedOver>;

}  // namespace

void WatermarkTracker::settled(Position position) {
  const bool oldest = !waiting_.empty() && waiting_.front().position == position;
  const auto found =
      oldest ? waiting_.begin()
             : std::lower_bound(waiting_.begin(), waiting_.end(), position,
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
      meter_(settings_.turn),
      in_flight_bytes_{settings_.in_flight_bytes_limit},
      admission_(
          channel, book_, lines_, locks_,
          [this](const Step& step, const JsonText& input) { return refuses_child(step, input); },
          meter_, in_flight_bytes_, settings_.mode),
      random_(settings_.id_seed) {}

void Coordinator::process(Portion arrivals, Time now) {
  now_ = now;
  meter_.begin();
  const std::size_t deferred_before = deferred_.size();
  if (retry_commit_at_ && *retry_commit_at_ <= now) {
    retry_commit_at_.reset();  // Even if nothing was kept: what is due is due once.
    if (!held_.empty()) backlog_.emplace_front(std::exchange(held_, {}));
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
  if (!arrivals.arrivals.empty()) {
    backlog_.insert(is_failing() ? backlog_.begin() : backlog_.end(), std::move(arrivals));
  }
  take_backlog();
  wake_deferred(deferred_before);  // Behind those that have had no turn yet.
  if (!holds_overdue()) fire_timers();
  if (more_to_resend_) resend_unconfirmed();
  if (!interrupted_.empty()) run_interrupted();
  serve_lines();  // Last: what has ended leaves places to others.
  conclude(false);
}

// As many as the turn has time for.
void Coordinator::take_backlog() {
  for (bool first = true; !backlog_.empty() && (first || !meter_.is_full()); first = false) {
    Portion& portion = backlog_.front();
    open_.arrivals.push_back(portion);
    const std::size_t taken = take_some(portion.arrivals);
    open_.arrivals.back().arrivals = portion.arrivals.first(taken);
    if (taken < portion.arrivals.size()) {
      portion.arrivals = portion.arrivals.subspan(taken);
      return;
    }
    backlog_.pop_front();
  }
}

// Answers how many it took: one at least.
std::size_t Coordinator::take_some(std::span<Arrival> arrivals) {
  // Keys are looked up at one go, but not again and again for arrivals that have to wait.
  constexpr std::size_t looked_up_max = 1'024;
  constexpr std::size_t looked_up_full = 64;
  std::size_t taken = 0;
  while (taken < arrivals.size()) {
    const std::size_t most = taken == 0 && !has_waited_ ? looked_up_max : looked_up_full;
    const auto some = arrivals.subspan(taken, std::min(most, arrivals.size() - taken));
    look_up_keys(some);
    for (Arrival& arrival : some) {
      take_guarded(arrival);
      ++taken;
      if (meter_.is_full()) break;
    }
    looked_up_.clear();
    if (meter_.is_full()) break;
  }
  has_waited_ = taken < arrivals.size();
  return taken;
}

std::optional<Time> Coordinator::next_due() const {
  std::optional<Time> due;
  if (!timers_.empty()) due = timers_.begin()->at;
  const bool unlocked = !unlocked_.empty() && !holds_overdue();
  const bool hope = !hopeful_.empty() && has_room_for_the_first();
  const bool work = more_to_serve_ || unlocked || hope || !backlog_.empty() || !deferred_.empty() ||
                    more_to_run_ || more_to_resend_;
  if (work) return retry_commit_at_.value_or(now_);
  if (const auto admission = next_admission()) due = due ? std::min(*due, *admission) : admission;
  if (!held_back_.empty()) due = due ? std::min(*due, *hold_due_until_) : *hold_due_until_;
  for (const StartArrival& a : hopeful_) due = due ? std::min(*due, *a.give_up_at) : a.give_up_at;
  if (holds_overdue()) due = hold_overdue_until_;
  if (retry_commit_at_) due = due ? std::min(*due, *retry_commit_at_) : *retry_commit_at_;
  return due;
}

bool Coordinator::holds_overdue() const { return hold_overdue_until_.has_value(); }

// What a decision asks of the saga's family, and what follows from that, is decided before the next
// input: in order of depth first, and without recursion, however long the chain is.
std::optional<Refusal> Coordinator::apply(LiveSaga& live, const Input& input) {
  auto refusal = guarded(live, input);
  if (!carrying_) carry_family();
  return refusal;
}

std::optional<Refusal> Coordinator::decide_one(LiveSaga& live, const Input& input) {
  if (live.problem) return decide_unusable(live, input);
  const Status before = live.saga.status;
  deciding_ = &live.saga;
  admission_.begin(live.saga.id, live.saga.priority, now_);
  Decision decision = decide(*live.definition, live.saga, input, now_, admission_, &live.trees);
  if (decision.refusal) return std::move(decision.refusal);
  const SagaId id = live.saga.id;
  join_lines(live);
  if (admission_.deferred() && !live.deferred) {
    live.deferred = true;
    deferred_.push_back(id);
  }
  keep_trees(live);
  if (!live.touched) {
    live.touched = true;
    open_.touched.push_back(id);
  }
  const std::size_t append = open_.batch.appends.size();
  const bool ended = is_end(live.saga.status) && live.saga.status != before;
  keep_effects(live, decision.effects, append, ended && !decision.events.empty());
  if (decision.events.empty()) return std::nullopt;
  if (live.saga.status != before) live.dirty_summary = true;
  note_events(live, input, decision.events);
  const std::size_t bytes = payload_bytes(decision.events);
  live.bytes += bytes;
  live_bytes_ += bytes;
  open_.bytes += bytes;
  meter_.store(bytes);
  open_.batch.appends.push_back({id, live.saga.version, now_, std::move(decision.events)});
  return std::nullopt;
}

// Its own are carried out after the commit; what concerns the family is next on the stack, the
// first of them on top.
void Coordinator::keep_effects(LiveSaga& live, std::vector<Effect>& effects, std::size_t append,
                               bool ended) {
  const SagaId id = live.saga.id;
  const std::size_t bottom = family_.size();
  for (Effect& effect : effects) {
    if (auto* start = std::get_if<StartChild>(&effect)) {
      family_.emplace_back(ChildMessage{id, std::move(*start)});
    } else if (auto* turn = std::get_if<TurnChildBack>(&effect)) {
      family_.emplace_back(ChildMessage{id, std::move(*turn)});
    } else {
      open_.effects.push_back({id, std::move(effect), append});
    }
  }
  if (ended && live.saga.parent) family_.emplace_back(ParentMessage{id});
  std::reverse(family_.begin() + static_cast<std::ptrdiff_t>(bottom), family_.end());
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
    const bool enough = left <= fired_timers_max - fired_timers_min && meter_.is_full();
    if (timers_.empty() || timers_.begin()->at > now_ || enough) break;
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
