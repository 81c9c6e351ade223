// decide(): dispatch, start, waking.
#include <algorithm>

#include "decide/decider.hpp"
#include "saga/size.hpp"
#include "skald/limits.hpp"
#include "skald/work.hpp"

namespace skald {

Decision decide(const Definition& definition, Saga& saga, const Input& input, Time now,
                const Admission& admission, PayloadTrees* trees) {
  ++work().decisions;
  PayloadTrees own;
  Decider decider{definition, saga, now, admission, trees ? *trees : own};
  std::visit(decider, input);
  return decider.finish();
}

Decision Decider::finish() {
  if (!decision_.events.empty()) {
    ++saga_.version;
    saga_.updated_at = now_;
  }
  return std::move(decision_);
}

void Decider::refuse(Refused::Code code, std::string message) {
  decision_.refusal = Refusal{code, std::move(message)};
}

void Decider::withdraw(StepIndex step, Direction direction) {
  const Attempts& a = saga_.steps[step].of(direction);
  if (a.outstanding) {
    decision_.effects.emplace_back(WithdrawCommand{AttemptRef{step, direction, a.made}});
  }
}

SagaStarted start_fact(const Definition& definition, const StartRequested& input, Time now) {
  SagaStarted started;
  started.id = input.id;
  started.type = definition.type;
  started.definition_version = definition.version;
  started.definition = definition.digest();
  started.step_count = static_cast<std::uint32_t>(definition.steps.size());
  started.key = input.key;
  started.input = input.input;
  started.not_before = input.not_before;
  const Time from = std::max(now, input.not_before.value_or(now));
  if (definition.deadline) started.deadline = later(from, *definition.deadline);
  started.replay_of = input.replay_of;
  started.carried = input.carried;
  started.requester = input.requester;
  const std::uint8_t priority = input.priority.value_or(definition.priority);
  if (priority != default_priority) started.priority = priority;
  started.parent = input.parent;
  started.root = input.root;
  started.depth = input.depth;
  started.locks = input.locks;
  return started;
}

void Decider::operator()(const StartRequested& input) {
  record(start_fact(definition_, input, now_));
  for (const CarriedOutput& carried : input.carried) {
    if (carried.forced) record(OperatorDecided{carried.step, "carried over", input.requester});
  }
  advance();
}

void Decider::operator()(const Woken&) {
  if (is_end(saga_.status) || saga_.paused) return;
  check_saga_deadline();
  check_step_deadlines();
  advance();
}

void Decider::advance() {
  if (walking_) return;  // The walk goes on by itself.
  if (saga_.status == Status::pending || saga_.status == Status::running) {
    go_forward();
  } else if (saga_.status == Status::compensating) {
    go_back();
  }
}

bool Decider::has_space(std::size_t bytes) const {
  // A thousand small ones fit in any case, so that the usual answer is not held against the sum.
  constexpr std::size_t small = 1024;
  return bytes <= small || payload_bytes(saga_) + bytes <= saga_bytes_max;
}

bool Decider::turning_back() const {
  return saga_.status == Status::compensating ||
         (saga_.stuck && saga_.stuck->resumes_to == Status::compensating);
}

const RetryPolicy& Decider::policy(StepIndex step, Direction direction) const {
  const Step& s = step_of(step);
  return direction == Direction::compensate ? s.compensation->retry : s.retry;
}

bool may_have_happened(const StepState& s) {
  const Attempts& a = s.of(Direction::action);
  const bool child =
      s.child && (s.status == StepStatus::waiting || s.status == StepStatus::unknown);
  return s.status == StepStatus::succeeded || a.outstanding || !a.unanswered.empty() || child;
}

}  // namespace skald
