// What goes wrong with one saga stays with it.
//
// A decision that throws turns its saga `stuck`; one whose definition cannot be used stands still;
// one whose journal is damaged is left alone. Each is named, can be abandoned, and no other saga
// notices. Only what concerns all of them ends the engine: a failed disk, a lost ownership, memory.
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>

#include "coordinator/coordinator.hpp"
#include "decide/decider.hpp"
#include "ports/quarantined_reply.hpp"
#include "saga/stand_in.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

struct InputName {
  const char* operator()(const StartRequested&) const { return "its start"; }
  const char* operator()(const ReplyReceived&) const { return "a reply"; }
  const char* operator()(const AttemptTimedOut&) const { return "a timeout"; }
  const char* operator()(const ProcessEnded&) const { return "the end of the process"; }
  const char* operator()(const Woken&) const { return "what is due"; }
  const char* operator()(const ResumeRequested&) const { return "a resume"; }
  const char* operator()(const RetryRequested&) const { return "a retry"; }
  const char* operator()(const SkipRequested&) const { return "a skip"; }
  const char* operator()(const CancelRequested&) const { return "a cancel"; }
  const char* operator()(const PauseRequested&) const { return "a pause"; }
  const char* operator()(const AbandonRequested&) const { return "its abandonment"; }
  const char* operator()(const ReplayRequested&) const { return "its replay"; }
  const char* operator()(const SignalReceived&) const { return "a signal"; }
  const char* operator()(const MessageUnusable&) const { return "a message in quarantine"; }
  const char* operator()(const KeyWanted&) const { return "the handing over of its key"; }
  const char* operator()(const ChildEnded&) const { return "the end of a child saga"; }
  const char* operator()(const ParentTurnedBack&) const { return "its parent's turn"; }
};

// What it says, unless that may quote a payload, which may be secret.
std::string words_of(const std::exception& error) {
  const auto* json = dynamic_cast<const Json::exception*>(&error);
  if (json) return fmt::format("error {} of the JSON library", json->id);
  return clean_text(error.what());
}

std::string internal_error(const char* during, const std::string& what) {
  return fmt::format(
      "internal error while deciding {}: {}; this is a fault of Skald: report it with "
      "`skald history` of this saga and `skald --version`",
      during, what);
}

}  // namespace

void Coordinator::log(LogLevel level, const std::string& text) const {
  if (settings_.log) settings_.log(level, text);
}

std::optional<Refusal> Coordinator::guarded(LiveSaga& live, const Input& input) {
  const SagaId id = live.saga.id;
  const std::size_t effects = open_.effects.size();
  const std::size_t family = family_.size();
  try {
    return decide_one(live, input);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const StoreError&) {
    throw;
  } catch (const std::exception& error) {
    if (!settings_.guarded) throw;
    open_.effects.erase(open_.effects.begin() + static_cast<std::ptrdiff_t>(effects),
                        open_.effects.end());
    family_.erase(family_.begin() + static_cast<std::ptrdiff_t>(family), family_.end());
    return decision_failed(id, input, words_of(error));
  }
}

// Everything of the decision is taken back, and the saga stands still instead.
Refusal Coordinator::decision_failed(const SagaId& id, const Input& input,
                                     const std::string& what) {
  const ErrorInfo error{"INTERNAL", internal_error(std::visit(InputName{}, input), what), {}};
  const Refusal refusal{Code::wrong_state,
                        fmt::format("saga {}: {}", id.to_string(), error.message)};
  LiveSaga& live = live_.at(id);
  const auto* start = std::get_if<StartRequested>(&input);
  const bool is_root_start = start && !start->parent;
  if (is_root_start) {  // Its caller is told, and nothing of it is kept.
    if (start->key) open_.keys.erase({live.definition->type, *start->key});
    std::erase(open_.touched, id);
    locks_.forget(id);
    remove_live(id);
    log(LogLevel::error, refusal.message);
    return refusal;
  }
  const bool was_stuck = live.saga.status == Status::stuck;
  if (start) {
    live.saga = {};
    append_fact(live, start_fact(*live.definition, *start, now_));
  } else {
    rebuild(live);
  }
  stand_still(live, error);
  if (const auto* abandon = std::get_if<AbandonRequested>(&input)) {
    append_fact(live, SagaAbandoned{abandon->requester});
  }
  if (!was_stuck) log(LogLevel::error, refusal.message);
  return refusal;
}

// As it is in the store and in what the open turn has decided before.
void Coordinator::rebuild(LiveSaga& live) {
  const SagaId id = live.saga.id;
  Saga saga = fold(store().journal(id));
  for (const JournalAppend& append : open_.batch.appends) {
    if (append.saga == id) evolve_row(saga, append.events, append.version, append.at);
  }
  live.saga = std::move(saga);
  live.trees = {};
  std::vector<OutstandingAttempt> kept;
  for (const AttemptRef& attempt : outstanding_attempts(live.saga)) {
    if (OutstandingAttempt* known = live.find(attempt)) {
      kept.push_back(*known);
      known->timer.reset();
      continue;
    }
    OutstandingAttempt& o = kept.emplace_back();
    o.attempt = attempt;
    o.timeout = attempt_timeout(live.definition->steps[attempt.step], attempt.direction);
    identify(live, o, false);
    if (settings_.mode == Mode::engine) arm_attempt(id, o, o.timeout);
  }
  for (OutstandingAttempt& o : live.outstanding) disarm(o.timer);
  live.outstanding = std::move(kept);
}

void Coordinator::stand_still(LiveSaga& live, ErrorInfo error) {
  const Status status = live.saga.status;
  if (is_end(status) || status == Status::stuck) return;
  const Status resumes_to = status == Status::compensating ? status : Status::running;
  append_fact(live, SagaStuck{Stuck{no_step, Direction::action, resumes_to, std::move(error)}});
}

// A fact that no decision is needed for.
void Coordinator::append_fact(LiveSaga& live, Event event) {
  const Status before = live.saga.status;
  std::vector<Event> events;
  events.push_back(std::move(event));
  evolve_row(live.saga, events, live.saga.version + 1, now_);
  live.dirty_summary = true;
  if (!live.touched) {
    live.touched = true;
    open_.touched.push_back(live.saga.id);
  }
  open_.batch.appends.push_back({live.saga.id, live.saga.version, now_, std::move(events)});
  const bool ended = is_end(live.saga.status) && !is_end(before);
  if (ended && live.saga.parent) family_.emplace_back(ParentMessage{live.saga.id});
}

// Of a saga whose definition cannot be used: what can be done without it.
std::optional<Refusal> Coordinator::decide_unusable(LiveSaga& live, const Input& input) {
  if (const auto* abandon = std::get_if<AbandonRequested>(&input)) {
    if (is_end(live.saga.status)) return refuse_saga(live.saga.id);
    for (const AttemptRef& attempt : outstanding_attempts(live.saga)) {
      open_.effects.push_back({live.saga.id, WithdrawCommand{attempt}, open_.batch.appends.size()});
    }
    append_fact(live, SagaAbandoned{abandon->requester});
    return std::nullopt;
  }
  if (const auto* wanted = std::get_if<KeyWanted>(&input); wanted && is_end(live.saga.status)) {
    append_fact(live, KeyHandedOver{wanted->by});
    return std::nullopt;
  }
  stand_still(live, {"UNUSABLE", *live.problem, {}});
  const bool by_itself =
      std::holds_alternative<Woken>(input) || std::holds_alternative<AttemptTimedOut>(input) ||
      std::holds_alternative<ChildEnded>(input) || std::holds_alternative<ParentTurnedBack>(input);
  if (by_itself) return std::nullopt;
  return refuse_saga(live.saga.id);
}

void Coordinator::note_unusable(const SagaId& id, const std::string& problem) {
  const bool fresh = unusable_.emplace(id, problem).second;
  if (fresh) {
    log(LogLevel::error,
        fmt::format("saga {} cannot be carried on: {}; no other saga is concerned; look at it with "
                    "`skald why {}` and `skald store check`, or abandon it",
                    id.to_string(), problem, id.to_string()));
  }
}

Refusal Coordinator::refuse_saga(const SagaId& id) {
  const auto unusable = unusable_.find(id);
  if (unusable == unusable_.end()) {
    return {Code::not_found, fmt::format("no saga {} in this store", id.to_string())};
  }
  const auto summary = store().summary(id);
  const std::string help = summary && is_end(summary->status)
                               ? "`skald store check` looks for more damage"
                               : fmt::format("`skald abandon {}` closes it", id.to_string());
  return {Code::wrong_state, fmt::format("saga {} cannot be carried on: {}; {}", id.to_string(),
                                         unusable->second, help)};
}

// Of a journal that cannot be read only the end is written on.
void Coordinator::append_unread(Batch& batch, SagaSummary summary, Event event) {
  summary.version = store().last_version(summary.id).value_or(0) + 1;
  std::vector<Event> events;
  events.push_back(std::move(event));
  batch.appends.push_back({summary.id, summary.version, now_, std::move(events)});
  batch.summaries.push_back(std::move(summary));
}

// One whose journal cannot be read is closed without being understood: its row says so, and its
// summary. By itself, as it is no part of what is decided.
void Coordinator::end_damaged(const RequestArrival& a) {
  auto summary = store().summary(a.saga);
  if (!summary) return a.answer(refuse_saga(a.saga));
  if (is_end(summary->status)) {
    return a.answer(Refusal{Code::wrong_state,
                            fmt::format("cannot abandon: the saga has ended ({}), and ends are "
                                        "final",
                                        to_string(summary->status))});
  }
  Batch batch;
  summary->status = Status::abandoned;
  summary->forced = true;
  summary->paused = false;
  summary->updated_at = now_;
  summary->ended_at = now_;
  append_unread(batch, *std::move(summary),
                SagaAbandoned{std::get<AbandonRequested>(a.input).requester});
  last_position_ = store().commit(batch);
  locks_.forget(a.saga);
  log(LogLevel::warning,
      fmt::format("saga {} was abandoned by an operator; its journal stays damaged",
                  a.saga.to_string()));
  a.answer(RequestOutcome{Status::abandoned, false, false});
}

// What could not be done for one arrival is told to whoever asked, or kept in quarantine.
template <typename A>
void Coordinator::arrival_failed(A& a, const std::string& why) {
  if constexpr (requires { a.answer; }) {
    if (a.answer) a.answer(Refusal{Code::wrong_state, why});
  } else if constexpr (std::is_same_v<A, ReplyArrival>) {
    quarantine(a.reply, Unusable{skald::unusable::internal, why});
  } else {
    log(LogLevel::error, why);
  }
}

template <typename A>
void Coordinator::take_or_refuse(A& a) {
  try {
    take(a);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const StoreError& error) {
    // A damaged row concerns whoever asked for it. Whether the disk has failed, the commit says.
    if (error.kind() != StoreError::Kind::corrupt || !settings_.guarded) throw;
    arrival_failed(a, error.what());
  } catch (const std::exception& error) {
    if (!settings_.guarded) throw;
    arrival_failed(a, internal_error("a request", words_of(error)));
  }
}

void Coordinator::take_guarded(Arrival& arrival) {
  std::visit([this](auto& a) { take_or_refuse(a); }, arrival);
}

// Each finds its place again, or room, or that its time is over.
void Coordinator::start_those_who_wait() {
  std::deque<StartArrival> waiting = std::exchange(hopeful_, {});
  hopeful_bytes_ = 0;
  for (; !waiting.empty() && !meter_.is_full(); waiting.pop_front()) {
    take_or_refuse(waiting.front());
  }
  for (StartArrival& a : waiting) {
    hopeful_bytes_ += a.input.text().size();
    hopeful_.push_back(std::move(a));
  }
}

}  // namespace skald
