// The stored fields of a snapshot's saga, in their stored order: one list serves both directions.
//
// The sets of steps follow the saga; see saga_codec.cpp. A change of anything here is a new format.
#pragma once

#include "event_fields.hpp"
#include "skald/saga.hpp"

namespace skald {

template <class F, Of<Attempts> E>
void fields(F& f, E& e) {
  f(e.made), f(e.round), f(e.before_round), f(e.outstanding), f(e.unanswered);
  f(e.round_started_at), f(e.retry_at), f(e.error), f(e.interrupted);
}
template <class F, Of<StepState> E>
void fields(F& f, E& e) {
  f(e.status), f(e.compensation);
  for (auto& attempts : e.attempts) f(attempts);
  f(e.started_at), f(e.ended_at), f(e.output), f(e.error), f(e.input_patch), f(e.undo_patch);
  f(e.forced), f(e.undo_forced), f(e.carried_over), f(e.child), f(e.wake_at), f(e.issued_at);
  f(e.decided), f(e.undo_started_at), f(e.undo_ended_at);
}
template <class F, Of<Wish> E>
void fields(F& f, E& e) {
  f(e.reason), f(e.at);
}
template <class F, Of<KeptSignal> E>
void fields(F& f, E& e) {
  f(e.name), f(e.data), f(e.at);
}
template <class F, Of<UnusableNotice> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.reason), f(e.detail), f(e.at);
}
template <class F, Of<LockWait> E>
void fields(F& f, E& e) {
  f(e.name), f(e.behind);
}
template <class F, Of<Saga> E>
void fields(F& f, E& e) {
  f(e.id), f(e.type), f(e.definition_version), f(e.definition), f(e.key), f(e.holds_key);
  f(e.input), f(e.status), f(e.paused), f(e.forced), f(e.contradicted), f(e.version);
  f(e.started_at), f(e.updated_at), f(e.ended_at), f(e.deadline), f(e.not_before), f(e.priority);
  f(e.replay_of), f(e.replayed_by), f(e.parent), f(e.root), f(e.depth), f(e.locks);
  f(e.holds_locks), f(e.lock_wait), f(e.signals), f(e.signal_ids), f(e.unusable);
  f(e.unusable_count), f(e.failing), f(e.steps), f(e.decided);
  f.steps(e.undo_plan), f(e.turn_back), f(e.stuck), f(e.wish), f(e.output);
}

}  // namespace skald
