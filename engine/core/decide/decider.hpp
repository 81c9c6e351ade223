// The working state of one decide() call: records events as it goes, so that every rule sees the
// saga as it stands after the rules before it.
//
// One file per concern: decide.cpp (dispatch, start, waking), decide_forward.cpp (the way to
// completion), decide_waits.cpp (sleeps, signals, locks, groups), decide_family.cpp (child sagas),
// decide_back.cpp (the turn and the undo plan), decide_replies.cpp (what attempts came to),
// decide_requests.cpp (operators), decide_resume.cpp (resume and retry), decide_time.cpp (deadlines
// and the next wake).
#pragma once

#include <string>
#include <utility>

#include "saga/few_steps.hpp"
#include "saga/payload_trees.hpp"
#include "skald/decide.hpp"

namespace skald {

class Decider {
 public:
  Decider(const Definition& definition, Saga& saga, Time now, const Admission& admission,
          PayloadTrees& trees)
      : definition_(definition), saga_(saga), now_(now), admission_(admission), trees_(trees) {}

  // One overload per input, so that a new input breaks the build.
  void operator()(const StartRequested& input);
  void operator()(const ReplyReceived& input);
  void operator()(const AttemptTimedOut& input);
  void operator()(const ProcessEnded& input);
  void operator()(const Woken& input);
  void operator()(const ResumeRequested& input);
  void operator()(const RetryRequested& input);
  void operator()(const SkipRequested& input);
  void operator()(const CancelRequested& input);
  void operator()(const PauseRequested& input);
  void operator()(const AbandonRequested& input);
  void operator()(const ReplayRequested& input);
  void operator()(const SignalReceived& input);
  void operator()(const MessageUnusable& input);
  void operator()(const KeyWanted& input);
  void operator()(const ChildEnded& input);
  void operator()(const ParentTurnedBack& input);

  /// Closes the journal row, if there is one.
  [[nodiscard]] Decision finish();

 private:
  // Recording.
  template <typename E>
  void record(E event) {
    // Most decisions have two: what was answered, and what is issued next.
    if (decision_.events.empty()) decision_.events.reserve(2);
    decision_.events.emplace_back(std::move(event));
    evolve(saga_, decision_.events.back(), now_);
    if constexpr (std::is_same_v<E, StepSucceeded>) step_done(event_as<E>().attempt.step);
    if constexpr (std::is_same_v<E, StepSkipped>) step_done(event_as<E>().step);
    if constexpr (std::is_same_v<E, RetryScheduled> || std::is_same_v<E, StepInDoubt>) {
      concerned_.push_back(event_as<E>().step);
    }
  }
  template <typename E>
  [[nodiscard]] const E& event_as() const {
    return std::get<E>(decision_.events.back());
  }
  void step_done(StepIndex step);
  /// Only this step, and what follows from it, is to be looked at; otherwise all steps are.
  void look_at(StepIndex step) {
    everything_ = false;
    concerned_.push_back(step);
  }
  void refuse(Refused::Code code, std::string message);
  void withdraw(StepIndex step, Direction direction);

  // The way forward, and back; advance() does whatever is due and allowed now.
  void advance();
  void go_forward();
  void consider(StepIndex step);
  [[nodiscard]] bool would_turn_back(StepIndex step) const;
  void begin(StepIndex step);
  void hedge(StepIndex step);
  void resolve_doubt(StepIndex step);
  void go_back();
  bool undo_entry(StepIndex step);  // False: this entry is not done yet.
  void undo_independent_entries();
  /// The saga turns back for this failure, at once or when the steps beside it have ended.
  void turn_back_or_finish(TurnBack cause);
  [[nodiscard]] bool siblings_under_way() const;
  /// `hedged`: beside the attempt that is under way.
  bool issue(StepIndex step, Direction direction, bool hedged = false);
  void issue_when_due(StepIndex step, Direction direction);
  [[nodiscard]] bool may_go_on(StepIndex step, Direction direction);
  void complete();
  [[nodiscard]] bool started() const;  ///< The time of a delayed start has come.

  // Waits.
  [[nodiscard]] bool take_locks();
  [[nodiscard]] bool group_is_full(StepIndex step) const;
  void begin_sleep(StepIndex step);
  void end_wait(StepIndex step);
  void gather(StepIndex step, const Gather& gather);

  // The family.
  void start_child(StepIndex step);
  void turn_child_back(StepIndex step);
  void turn_children_back();
  void child_undone(const ChildEnded& input);
  void child_stays_undone(StepIndex step);
  [[nodiscard]] bool refuse_while_child_runs(StepIndex step);
  void turn_back(TurnBack cause, Requester requester);
  [[nodiscard]] std::vector<StepIndex> plan_undo();
  void get_stuck(StepIndex step, Direction direction, ErrorInfo error);
  void fulfil_wish();

  // What attempts came to.
  void action_reply(const AttemptRef& attempt, const Outcome& outcome);
  void compensation_reply(const AttemptRef& attempt, const Outcome& outcome);
  void resolve_reply(const AttemptRef& attempt, const Outcome& outcome);
  void definitive_action(const AttemptRef& attempt, const Outcome& outcome);
  void decide_action(const AttemptRef& attempt, const Outcome& outcome);
  [[nodiscard]] bool awaits_what_happened(StepIndex step) const;
  void inconclusive(const AttemptRef& attempt, const Outcome& outcome);
  void attempt_ended(const AttemptRef& attempt, const ErrorInfo& error,
                     std::optional<Duration> retry_after, bool final_failure);
  [[nodiscard]] bool schedule_retry(const AttemptRef& attempt, const ErrorInfo& error,
                                    std::optional<Duration> retry_after);
  void action_exhausted(StepIndex step);
  void step_failed(StepIndex step, ErrorInfo error);
  void step_in_doubt(StepIndex step, ErrorInfo error);
  void skip_or_fall_back(StepIndex step, ErrorInfo error);

  // Time.
  void check_saga_deadline();
  void check_step_deadlines();
  void check_step_deadline(StepIndex step);

  // Requests.
  [[nodiscard]] bool refuse_if_ended(const char* verb);
  [[nodiscard]] bool refuse_patch(StepIndex step, const JsonText& patch, bool undoes);
  [[nodiscard]] bool refuse_payload(const char* what, const JsonText& payload);
  void resume_stuck(StepIndex named, const Requester& requester, std::optional<JsonText> patch);
  [[nodiscard]] bool refuse_before_its_turn(StepIndex step);
  bool refuse_outside_the_plan(StepIndex step);
  [[nodiscard]] bool is_planned(StepIndex step) const;
  void skip_forward(const SkipRequested& input);
  void skip_compensation(const SkipRequested& input);
  void decide_by_operator(const SkipRequested& input);
  void leave_stuck(const SkipRequested& input);

  // Questions.
  [[nodiscard]] const Step& step_of(StepIndex step) const { return definition_.steps[step]; }
  [[nodiscard]] StepState& state(StepIndex step) { return saga_.steps[step]; }
  [[nodiscard]] const RetryPolicy& policy(StepIndex step, Direction direction) const;
  [[nodiscard]] bool turning_back() const;
  [[nodiscard]] bool resolve_pending(StepIndex step) const;
  /// Whether so many more bytes of payload may be kept in this saga.
  [[nodiscard]] bool has_space(std::size_t bytes) const;

  const Definition& definition_;
  Saga& saga_;
  Time now_;
  const Admission& admission_;
  PayloadTrees& trees_;
  Decision decision_;
  bool everything_ = true;  // All steps are to be looked at, not only concerned_.
  bool walking_ = false;    // go_forward() is looking at steps.
  FewSteps concerned_;      // To be looked at on the way forward.
};

/// What is recorded of a start.
[[nodiscard]] SagaStarted start_fact(const Definition& definition, const StartRequested& input,
                                     Time now);
/// Decided for the way forward: succeeded or skipped.
[[nodiscard]] inline bool is_done(const StepState& s) {
  return s.status == StepStatus::succeeded || s.status == StepStatus::skipped;
}
/// The action succeeded, is in flight, or an attempt stayed without an answer; or its child saga
/// runs or may have left effects.
[[nodiscard]] bool may_have_happened(const StepState& s);
/// What undoes the step, as people call it.
[[nodiscard]] std::string undo_name(const Step& step);
/// The entries of the undo plan that are not undone and whose turn it is.
[[nodiscard]] StepSet undo_turns(const Definition& definition, const Saga& saga);
/// A signal under this id has come before, as far as the saga remembers. False without an id.
[[nodiscard]] bool has_seen(const Saga& saga, const std::optional<std::string>& signal_id);
/// Some step was issued, or waits.
[[nodiscard]] bool has_begun(const Saga& saga);
/// When the next attempt goes out beside the one under way; nothing when none does.
[[nodiscard]] std::optional<Time> hedge_due(const Step& step, const StepState& s);
/// A compensation was issued or closed: answers to the action decide nothing any more. One that
/// is stuck because it could not even be sent has not begun.
[[nodiscard]] inline bool undo_begun(const StepState& s) {
  switch (s.compensation) {
    case CompensationStatus::none:
    case CompensationStatus::pending: return false;
    case CompensationStatus::stuck: return s.of(Direction::compensate).made > 0;
    case CompensationStatus::dispatched:
    case CompensationStatus::retry_wait:
    case CompensationStatus::compensated:
    case CompensationStatus::skipped: break;
  }
  return true;
}

}  // namespace skald
