// What a saga's history says was issued: in order, in time, and not too often.
#include <algorithm>

#include "saga_path.hpp"
#include "skald/limits.hpp"

namespace skald::testing {

void SagaPath::check_issue(const CommandIssued& issued, const JournalRow& row) {
  const AttemptRef& attempt = issued.attempt;
  const StepState& s = saga_.steps[attempt.step];
  const Attempts& a = s.of(attempt.direction);
  const Step& step = definition_.steps[attempt.step];
  const bool compensating = attempt.direction == Direction::compensate;
  const RetryPolicy& retry = compensating ? step.compensation->retry : step.retry;
  findings_.expect(Invariant::I12, attempt.attempt == a.made + 1,
                   "{}: attempt {} of {} follows attempt {}", name_, attempt.attempt, step.name,
                   a.made);
  findings_.expect(Invariant::I12, !a.outstanding,
                   "{}: {} was tried again while attempt {} was under way", name_, step.name,
                   a.made);
  findings_.expect(Invariant::I12, a.in_round() < retry.max_attempts,
                   "{}: attempt {} of {} is beyond the limit of {}", name_, a.in_round() + 1,
                   step.name, retry.max_attempts);
  findings_.expect(Invariant::I12, !a.retry_at || *a.retry_at <= row.at,
                   "{}: {} was tried again before its time", name_, step.name);
  if (attempt.direction == Direction::action) check_action(attempt.step, row);
  if (compensating) check_compensation(attempt.step);
  const Duration timeout = attempt_timeout(step, attempt.direction);
  issued_[attempt] = {row.position, row.at, instant_.real + timeout};
}

void SagaPath::check_action(StepIndex step, const JournalRow& row) {
  const std::string& step_name = definition_.steps[step].name;
  const auto& after = definition_.steps[step].after;
  const bool ready = std::all_of(after.begin(), after.end(), [this](StepIndex before) {
    return is_settled(saga_.steps[before]);
  });
  findings_.expect(Invariant::I8, ready, "{}: {} was issued before its predecessors were done",
                   name_, step_name);
  findings_.expect(Invariant::I8, !turned_, "{}: {} was issued after the turn back", name_,
                   step_name);
  findings_.expect(Invariant::I8, !saga_.failing || saga_.steps[step].status != StepStatus::pending,
                   "{}: {} began after a step had failed", name_, step_name);
  findings_.expect(Invariant::I8, definition_.locks.empty() || saga_.holds_locks,
                   "{}: {} was issued before the saga had its locks", name_, step_name);
  // Once it has begun, it goes on, whatever the clock on the wall says.
  const bool due =
      begun_ || !saga_.not_before || *saga_.not_before <= std::min(row.at, instant_.wall);
  begun_ = true;
  findings_.expect(Invariant::I12, due, "{}: {} was issued before the time of the delayed start",
                   name_, step_name);
}

void SagaPath::check_hedge(const AttemptHedged& hedged, const JournalRow& row) {
  const AttemptRef& attempt = hedged.attempt;
  const Step& step = definition_.steps[attempt.step];
  const Attempts& a = saga_.steps[attempt.step].of(attempt.direction);
  const bool asked = step.hedge && attempt.direction == Direction::action;
  findings_.expect(Invariant::I12, asked, "{}: {} was hedged and must not be", name_, step.name);
  if (!asked) return;
  findings_.expect(Invariant::I12, a.outstanding && a.made == attempt.attempt,
                   "{}: attempt {} of {} was hedged and is not under way", name_, attempt.attempt,
                   step.name);
  findings_.expect(Invariant::I12, a.in_round() < step.hedge->max_attempts,
                   "{}: {} was hedged beyond the limit of {}", name_, step.name,
                   step.hedge->max_attempts);
  const Time issued = issued_[attempt].at;
  findings_.expect(Invariant::I12, std::min(row.at, instant_.wall) - issued >= step.hedge->delay,
                   "{}: attempt {} of {} was hedged before its time", name_, attempt.attempt,
                   step.name);
}

// One child in a round, as there is one first attempt.
void SagaPath::check_child_start(const ChildStarted& started, const JournalRow& row) {
  const AttemptRef& attempt = started.attempt;
  const StepState& s = saga_.steps[attempt.step];
  const Attempts& a = s.of(Direction::action);
  const std::string& step_name = definition_.steps[attempt.step].name;
  findings_.expect(Invariant::I3, definition_.steps[attempt.step].as<ChildSaga>() != nullptr,
                   "{}: a child was started for {}, which is no child", name_, step_name);
  findings_.expect(Invariant::I12, attempt.attempt == a.made + 1 && a.in_round() == 0,
                   "{}: child {} of {} follows child {}, of which {} in this round", name_,
                   attempt.attempt, step_name, a.made, a.in_round());
  findings_.expect(Invariant::I12, saga_.depth + 1 <= saga_depth_max,
                   "{}: a child was started below depth {}", name_, saga_.depth);
  check_action(attempt.step, row);
}

// It is carried out again a few times, and no more than that.
void SagaPath::check_interrupted(const AttemptInterrupted& interrupted) {
  const AttemptRef& attempt = interrupted.attempt;
  const Attempts& attempts = saga_.steps[attempt.step].of(attempt.direction);
  const bool under_way = attempts.outstanding && attempts.made == attempt.attempt;
  const std::uint32_t times = attempts.interrupted + 1U;
  findings_.expect(Invariant::I12,
                   under_way && interrupted.for_good == (times >= interruptions_max),
                   "{}: attempt {} of {} is interrupted the {}. time", name_, attempt.attempt,
                   definition_.steps[attempt.step].name, times);
}

void SagaPath::check_unanswered(const AttemptUnanswered& unanswered) {
  if (unanswered.error.code != "TIMEOUT") return;
  const AttemptRef& attempt = unanswered.attempt;
  const auto issued = issued_.find(attempt);
  findings_.expect(Invariant::I12,
                   issued != issued_.end() && instant_.real >= issued->second.may_time_out_at,
                   "{}: attempt {} of {} timed out before its time", name_, attempt.attempt,
                   definition_.steps[attempt.step].name);
}

void SagaPath::check_deadline(const ErrorInfo& error, const JournalRow& row) {
  if (error.code != "DEADLINE_EXCEEDED") return;
  findings_.expect(Invariant::I12, saga_.deadline && *saga_.deadline <= row.at,
                   "{}: its deadline counted before it had come", name_);
}

// A step is given up when its attempts are used up, and for nothing else: that a participant had
// no room, or that a policy refused, is no attempt.
void SagaPath::check_given_up(StepIndex step, const ErrorInfo& error) {
  const Step& defined = definition_.steps[step];
  if (!defined.as<Call>() || turned_ || is_forced(step)) return;
  const RetryPolicy& retry = defined.retry;
  const bool by_time = retry.max_elapsed || defined.deadline;
  const bool by_code = !worth_retrying(retry, error.code) || error.code == "DEAD_LETTERED" ||
                       error.code == "NOT_SENDABLE" || error.code == "PROCESS_ENDED";
  const std::uint32_t made = saga_.steps[step].of(Direction::action).in_round();
  findings_.expect(Invariant::I12, by_time || by_code || made >= retry.max_attempts,
                   "{}: {} was given up after {} of {} attempts", name_, defined.name, made,
                   retry.max_attempts);
}

}  // namespace skald::testing
