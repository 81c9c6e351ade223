#include "model_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace skald::simulation {

using testing::Findings;
using testing::Invariant;

namespace {

const char* code_of(OutcomeKind kind) {
  return kind == OutcomeKind::failed ? "BUSY" : kind == OutcomeKind::unknown ? "GATEWAY" : "NO";
}

template <typename... Values>
void put(std::string& text, Values... values) {
  ((text += static_cast<char>('0' + static_cast<int>(values))), ...);
}

Outcome outcome_of(OutcomeKind kind) {
  Outcome outcome;
  outcome.kind = kind;
  if (kind != OutcomeKind::success) outcome.error.code = code_of(kind);
  return outcome;
}

}  // namespace

Command ModelState::command(const AttemptRef& attempt) const {
  Command command;
  command.id = {saga().id, definition().steps[attempt.step].name, attempt.direction,
                attempt.attempt};
  command.attempt = attempt;
  // Rounds are counted per attempt; the ones of this round have the latest number.
  const Attempts& a = saga().steps[attempt.step].of(attempt.direction);
  command.round = attempt.attempt > a.before_round ? a.round : 1;
  return command;
}

void ModelState::tell(const Input& input, Findings& findings) {
  Saga next = saga();
  Decision decision = decide(definition(), next, input, now, OpenAdmission{});
  for (const Effect& effect : decision.effects) {
    if (const auto* send = std::get_if<SendCommand>(&effect)) commands.push_back(send->attempt);
  }
  if (decision.events.empty()) return;
  const JournalRow row{static_cast<Position>(next.version), next.version, now,
                       std::move(decision.events)};
  witness.path.walk_row(row, now);
  findings.expect(Invariant::I3, saga() == next, "{}: decide() and evolve() differ",
                  witness.path.name());
  std::sort(commands.begin(), commands.end());
}

void ModelState::deliver(const AttemptRef& attempt, OutcomeKind wanted, bool acts,
                         Findings& findings) {
  const Command delivered = command(attempt);
  const barrier::Verdict verdict = memory.judge(delivered, now);
  Outcome outcome = outcome_of(wanted);
  if (const auto* answer = std::get_if<barrier::Answer>(&verdict)) {
    outcome = answer->outcome;
  } else if (const auto* concluded = std::get_if<barrier::Conclude>(&verdict)) {
    memory.conclude(delivered);
    outcome = concluded->outcome;
  } else {
    memory.remember(delivered, acts ? outcome_of(OutcomeKind::success) : outcome);
    if (acts) take_effect(attempt, findings);
  }
  replies.push_back({attempt, outcome.kind});
  std::sort(replies.begin(), replies.end());
}

void ModelState::take_effect(const AttemptRef& attempt, Findings& findings) {
  if (attempt.direction == Direction::resolve) return;
  testing::StepEffects& effects = witness.effects[attempt.step];
  const bool action = attempt.direction == Direction::action;
  std::uint32_t& times = action ? effects.done : effects.undone;
  const std::string& name = definition().steps[attempt.step].name;
  findings.expect(Invariant::I6, ++times == 1, "{}: {} took effect twice", witness.path.name(),
                  name);
  findings.expect(Invariant::I7, !action || effects.undone == 0,
                  "{}: {} took effect after it was undone", witness.path.name(), name);
  std::uint64_t order = 0;
  for (const testing::StepEffects& e : witness.effects) {
    order = std::max({order, e.done_at, e.undone_at});
  }
  (action ? effects.done_at : effects.undone_at) = order + 1;
}

bool ModelState::is_open(const AttemptRef& attempt) const {
  testing::KeyMemory asked = memory;
  return std::holds_alternative<barrier::Proceed>(asked.judge(command(attempt), now));
}

std::string ModelState::saga_fingerprint() const {
  const Saga& s = saga();
  std::string text;
  put(text, s.status, s.wish.has_value(), s.forced, s.contradicted);
  put(text, s.stuck ? s.stuck->step % 8 : 9, s.stuck ? s.stuck->direction : Direction::action);
  for (const StepState& step : s.steps) {
    put(text, step.status, step.compensation);
    for (const Attempts& a : step.attempts) {
      put(text, a.made, a.before_round, a.outstanding, a.retry_at.has_value());
      for (const std::uint32_t attempt : a.unanswered) put(text, attempt);
      text += '.';
    }
  }
  for (const StepIndex planned : s.undo_plan) put(text, planned);
  return text;
}

std::string ModelState::fingerprint() const {
  std::string text = saga_fingerprint();
  put(text, faults, resumes);
  for (const testing::StepEffects& effects : witness.effects) {
    put(text, effects.done, effects.undone);
  }
  text += memory.fingerprint();
  text += '/';
  for (const AttemptRef& c : commands) put(text, c.step, c.direction, c.attempt);
  text += '/';
  for (const ModelReply& r : replies) {
    put(text, r.attempt.step, r.attempt.direction, r.attempt.attempt, r.kind);
  }
  return text;
}

std::string ModelState::phase() const {
  const Saga& s = saga();
  if (s.status == Status::stuck) {
    return std::string{"stuck "} +
           (s.stuck->resumes_to == Status::compensating ? "on the way back" : "on the way forward");
  }
  if (s.status == Status::compensating) {
    for (const StepIndex planned : s.undo_plan) {
      const StepState& step = s.steps[planned];
      if (step.compensation == CompensationStatus::dispatched) return "compensation dispatched";
      if (step.compensation == CompensationStatus::retry_wait) return "compensation retry_wait";
      if (step.compensation != CompensationStatus::pending) continue;
      return step.of(Direction::action).outstanding ? "turned back, step in flight"
                                                    : "turned back, resolving";
    }
    return "compensating";
  }
  if (s.status != Status::running) return to_string(s.status);
  for (std::size_t i = 0; i < s.steps.size(); ++i) {
    const StepState& step = s.steps[i];
    if (step.status == StepStatus::succeeded || step.status == StepStatus::skipped) continue;
    std::string text =
        fmt::format("{} {}", to_string(definition().steps[i].kind), to_string(step.status));
    if (!step.of(Direction::action).unanswered.empty()) text += ", one unanswered";
    if (s.wish) text += ", wish";
    return text;
  }
  return "running";
}

}  // namespace skald::simulation
