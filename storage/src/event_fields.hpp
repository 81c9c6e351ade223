// The stored fields of every event, in their stored order: one list serves both directions.
//
// Tags and the order of fields never change. A new event gets a new tag; a new field of an event
// goes to the end of its list, as `f.later(e.field)`, and older records then leave it as it was.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "skald/events.hpp"

namespace skald {

template <class E>
struct EventTag;  // a missing one stops the build
template <std::uint8_t number>
using Tag = std::integral_constant<std::uint8_t, number>;

template <>
struct EventTag<SagaStarted> : Tag<1> {};
template <>
struct EventTag<CommandIssued> : Tag<2> {};
template <>
struct EventTag<AttemptFailed> : Tag<3> {};
template <>
struct EventTag<AttemptUnanswered> : Tag<4> {};
template <>
struct EventTag<LateFailure> : Tag<5> {};
template <>
struct EventTag<RetryScheduled> : Tag<6> {};
template <>
struct EventTag<StepSucceeded> : Tag<7> {};
template <>
struct EventTag<StepRejected> : Tag<8> {};
template <>
struct EventTag<StepFailed> : Tag<9> {};
template <>
struct EventTag<StepInDoubt> : Tag<10> {};
template <>
struct EventTag<StepSkipped> : Tag<11> {};
template <>
struct EventTag<SagaTurnedBack> : Tag<12> {};
template <>
struct EventTag<StepCompensated> : Tag<13> {};
template <>
struct EventTag<CompensationSkipped> : Tag<14> {};
template <>
struct EventTag<SagaStuck> : Tag<15> {};
template <>
struct EventTag<WishRecorded> : Tag<16> {};
template <>
struct EventTag<SagaResumed> : Tag<17> {};
template <>
struct EventTag<RetryHastened> : Tag<18> {};
template <>
struct EventTag<SagaPaused> : Tag<19> {};
template <>
struct EventTag<OperatorDecided> : Tag<20> {};
template <>
struct EventTag<ContradictionSeen> : Tag<21> {};
template <>
struct EventTag<ReplayStarted> : Tag<22> {};
template <>
struct EventTag<SagaCompleted> : Tag<23> {};
template <>
struct EventTag<SagaCompensated> : Tag<24> {};
template <>
struct EventTag<SagaAbandoned> : Tag<25> {};
template <>
struct EventTag<StepWaiting> : Tag<26> {};
template <>
struct EventTag<SignalKept> : Tag<27> {};
template <>
struct EventTag<SignalTaken> : Tag<28> {};
template <>
struct EventTag<ChildStarted> : Tag<29> {};
template <>
struct EventTag<ChildTurnedBack> : Tag<30> {};
template <>
struct EventTag<AttemptHedged> : Tag<31> {};
template <>
struct EventTag<LocksAwaited> : Tag<32> {};
template <>
struct EventTag<LocksGranted> : Tag<33> {};
template <>
struct EventTag<AttemptInterrupted> : Tag<34> {};
template <>
struct EventTag<SiblingsAwaited> : Tag<35> {};
template <>
struct EventTag<MessageQuarantined> : Tag<36> {};
template <>
struct EventTag<KeyHandedOver> : Tag<37> {};
inline constexpr std::uint8_t last_event_tag = 37;

/// `E` is `T` or `const T`: the same list reads and writes.
template <class E, class T>
concept Of = std::same_as<std::remove_const_t<E>, T>;

template <class F, Of<Requester> E>
void fields(F& f, E& e) {
  f(e.by), f(e.reason);
}
template <class F, Of<ErrorInfo> E>
void fields(F& f, E& e) {
  f(e.code), f(e.message), f(e.data);
}
template <class F, Of<AttemptRef> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.direction), f(e.attempt);
}
template <class F, Of<CarriedOutput> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.output);
}
template <class F, Of<TurnBack> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.error);
}
template <class F, Of<Stuck> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.direction), f(e.resumes_to), f(e.error);
}

template <class F, Of<ParentRef> E>
void fields(F& f, E& e) {
  f(e.saga), f.step(e.step), f(e.attempt);
}

template <class F, Of<SagaStarted> E>
void fields(F& f, E& e) {
  f(e.id), f(e.type), f(e.definition_version), f(e.definition), f(e.step_count), f(e.key);
  f(e.input), f(e.deadline), f(e.replay_of), f(e.carried), f(e.requester);
  f.later(e.not_before), f.later(e.priority), f.later(e.parent), f.later(e.root);
  f.later(e.depth), f.later(e.locks);
}
template <class F, Of<CommandIssued> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.round);
}
template <class F, Of<AttemptFailed> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.error);
}
template <class F, Of<AttemptUnanswered> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.error);
}
template <class F, Of<LateFailure> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.error);
}
template <class F, Of<RetryScheduled> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.direction), f(e.at);
}
template <class F, Of<StepSucceeded> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.output);
}
template <class F, Of<StepRejected> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.error);
}
template <class F, Of<StepFailed> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.error);
}
template <class F, Of<StepInDoubt> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.error);
}
template <class F, Of<StepSkipped> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.output), f(e.error);
}
template <class F, Of<SagaTurnedBack> E>
void fields(F& f, E& e) {
  f(e.cause), f.steps(e.plan), f(e.requester);
}
template <class F, Of<StepCompensated> E>
void fields(F& f, E& e) {
  f(e.attempt);
}
template <class F, Of<CompensationSkipped> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.no_effect);
}
template <class F, Of<SagaStuck> E>
void fields(F& f, E& e) {
  f(e.why);
}
template <class F, Of<WishRecorded> E>
void fields(F& f, E& e) {
  f(e.reason), f(e.requester);
}
template <class F, Of<SagaResumed> E>
void fields(F& f, E& e) {
  f(e.requester), f(e.unpaused), f.step(e.step), f(e.direction), f(e.input_patch);
}
template <class F, Of<RetryHastened> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.direction), f(e.requester);
}
template <class F, Of<SagaPaused> E>
void fields(F& f, E& e) {
  f(e.requester);
}
template <class F, Of<OperatorDecided> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.verdict), f(e.requester);
}
template <class F, Of<ContradictionSeen> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.claimed);
}
template <class F, Of<ReplayStarted> E>
void fields(F& f, E& e) {
  f(e.by), f(e.key_handed_over);
}
template <class F, Of<SagaCompleted> E>
void fields(F& f, E& e) {
  f(e.output);
}
template <class F, Of<SagaCompensated> E>
void fields(F&, E&) {}
template <class F, Of<SagaAbandoned> E>
void fields(F& f, E& e) {
  f(e.requester);
}
template <class F, Of<StepWaiting> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.until);
}
template <class F, Of<SignalKept> E>
void fields(F& f, E& e) {
  f(e.name), f(e.data), f(e.requester), f.last(e.id);
}
template <class F, Of<SignalTaken> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.name);
}
template <class F, Of<ChildStarted> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.child);
}
template <class F, Of<ChildTurnedBack> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.child);
}
template <class F, Of<AttemptHedged> E>
void fields(F& f, E& e) {
  f(e.attempt);
}
template <class F, Of<LocksAwaited> E>
void fields(F& f, E& e) {
  f(e.name), f(e.behind);
}
template <class F, Of<LocksGranted> E>
void fields(F&, E&) {}
template <class F, Of<AttemptInterrupted> E>
void fields(F& f, E& e) {
  f(e.attempt), f(e.for_good);
}
template <class F, Of<SiblingsAwaited> E>
void fields(F& f, E& e) {
  f(e.cause);
}
template <class F, Of<MessageQuarantined> E>
void fields(F& f, E& e) {
  f.step(e.step), f(e.reason), f(e.detail);
}
template <class F, Of<KeyHandedOver> E>
void fields(F& f, E& e) {
  f(e.to);
}

}  // namespace skald
