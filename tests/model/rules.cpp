#include "rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "undo_order.hpp"

namespace skald::model {

using testing::Findings;
using testing::Invariant;

namespace {

using enum Status;

// The declared machine: docs/semantics.md.
constexpr std::array edges{
    std::pair{pending, running},      std::pair{pending, compensating},
    std::pair{pending, completed},    std::pair{pending, stuck},
    std::pair{pending, abandoned},    std::pair{running, completed},
    std::pair{running, compensating}, std::pair{running, stuck},
    std::pair{running, abandoned},    std::pair{compensating, compensated},
    std::pair{compensating, stuck},   std::pair{compensating, abandoned},
    std::pair{stuck, running},        std::pair{stuck, compensating},
    std::pair{stuck, abandoned},
};

class RowRules {
 public:
  RowRules(const Case& subject, const Saga& before, Time now, History& history,
           const std::function<std::string()>& where, Findings& findings)
      : subject_(subject),
        definition_(*subject.definition),
        saga_(before),
        now_(now),
        history_(history),
        where_(where),
        findings_(findings) {}

  void walk(const Event& event) {
    const Status status = saga_.status;
    std::visit(*this, event);
    const bool returns =
        subject_.is_child && status == completed && std::holds_alternative<SagaTurnedBack>(event);
    const bool told = std::holds_alternative<ReplayStarted>(event) ||
                      std::holds_alternative<ContradictionSeen>(event) ||
                      std::holds_alternative<MessageQuarantined>(event) ||
                      std::holds_alternative<KeyHandedOver>(event);
    const bool after_end = is_end(status) && !returns && !told;
    expect(Invariant::I9, !after_end, "something happened after the end");
    evolve(saga_, event, now_);
    const bool edge =
        status == saga_.status || returns ||
        std::find(edges.begin(), edges.end(), std::pair{status, saga_.status}) != edges.end();
    expect(Invariant::I3, edge, "it went from one status to another that does not follow it");
  }
  [[nodiscard]] const Saga& saga() const { return saga_; }

  void operator()(const CommandIssued& e) {
    const AttemptRef& attempt = e.attempt;
    const Attempts& a = attempts(attempt);
    const Step& step = definition_.steps[attempt.step];
    const bool undoing = attempt.direction == Direction::compensate;
    const RetryPolicy& retry = undoing ? step.compensation->retry : step.retry;
    expect(Invariant::I12, attempt.attempt == a.made + 1, "an attempt has not the next number");
    expect(Invariant::I12, a.in_round() < retry.max_attempts, "an attempt is beyond the limit");
    expect(Invariant::I12, !a.outstanding, "an attempt was made while another is under way");
    expect(Invariant::I12, !a.retry_at || *a.retry_at <= now_, "a retry came before its time");
    expect(Invariant::I8, !saga_.paused, "a command was issued while the saga is paused");
    if (attempt.direction == Direction::action) check_turn_of(attempt.step);
    if (undoing) check_undoing(attempt.step);
  }
  void operator()(const StepWaiting& e) { check_turn_of(e.step); }
  void operator()(const ChildStarted& e) { check_turn_of(e.attempt.step); }
  void operator()(const ChildTurnedBack& e) {
    // One that still runs is stopped at once, whatever there is to undo before it.
    const bool stops = saga_.steps[e.attempt.step].status == StepStatus::waiting;
    if (!stops) check_undoing(e.attempt.step);
  }
  void operator()(const StepSucceeded& e) { note_done(e.attempt.step); }
  void operator()(const StepSkipped& e) {
    expect(Invariant::I8, predecessors_done(e.step), "a step was skipped before its turn");
    note_done(e.step);
  }
  void operator()(const OperatorDecided& e) { history_.forced.insert(e.step); }
  void operator()(const SagaTurnedBack& e);
  void operator()(const SagaCompleted&) {
    const bool all = std::all_of(saga_.steps.begin(), saga_.steps.end(), is_done);
    expect(Invariant::I4, all, "it was completed before all its steps were done");
  }
  void operator()(const SagaCompensated&) {
    const auto closed = [this](StepIndex step) { return is_closed(saga_.steps[step]); };
    const bool all = std::all_of(saga_.undo_plan.begin(), saga_.undo_plan.end(), closed);
    expect(Invariant::I5, all, "it was compensated before all of its plan was undone");
  }
  template <typename E>
  void operator()(const E&) {}

  void expect(Invariant invariant, bool holds, const char* sentence) {
    findings_.expect(invariant, holds, "{}: {}", holds ? std::string{} : where_(), sentence);
  }

 private:
  [[nodiscard]] const Attempts& attempts(const AttemptRef& a) const {
    return saga_.steps[a.step].of(a.direction);
  }
  [[nodiscard]] bool predecessors_done(StepIndex step) const {
    const auto& after = definition_.steps[step].after;
    return std::all_of(after.begin(), after.end(),
                       [this](StepIndex before) { return is_done(saga_.steps[before]); });
  }
  void note_done(StepIndex step) {
    std::erase(history_.done, step);
    history_.done.push_back(step);
  }
  [[nodiscard]] bool passed_pivot() const {
    const StepIndex pivot = definition_.pivot();
    return pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
  }
  void check_turn_of(StepIndex step) {
    expect(Invariant::I8, predecessors_done(step),
           "a step began before its predecessors were done");
    expect(Invariant::I8, !saga_.turn_back, "a step began after the turn back");
    expect(Invariant::I8, !saga_.failing || saga_.steps[step].status != StepStatus::pending,
           "a step began after another one had failed");
    expect(Invariant::I12, !saga_.not_before || *saga_.not_before <= now_, "it began too early");
    expect(Invariant::I8, saga_.locks.empty() || saga_.holds_locks, "it began without its locks");
  }
  void check_undoing(StepIndex step) {
    const auto& plan = saga_.undo_plan;
    const auto entry = std::find(plan.begin(), plan.end(), step);
    const auto first = testing::undone_before(definition_, plan, step);
    const bool ready = std::all_of(first.begin(), first.end(), [this](StepIndex earlier) {
      return is_closed(saga_.steps[earlier]);
    });
    expect(Invariant::I5, saga_.turn_back.has_value(), "a step was undone on the way forward");
    expect(Invariant::I5, entry != plan.end(), "a step was undone that is not in the plan");
    expect(Invariant::I5, ready, "a step was undone before a later one");
    expect(Invariant::I13, !passed_pivot(), "a step was undone after the pivot");
  }
  [[nodiscard]] bool may_have_happened(StepIndex step) const {
    const StepState& s = saga_.steps[step];
    const Attempts& action = s.of(Direction::action);
    const bool child =
        s.child && (s.status == StepStatus::waiting || s.status == StepStatus::unknown);
    return s.status == StepStatus::succeeded || action.outstanding || !action.unanswered.empty() ||
           child;
  }

  const Case& subject_;
  const Definition& definition_;
  Saga saga_;
  Time now_;
  History& history_;
  const std::function<std::string()>& where_;
  Findings& findings_;
};

// Latest first; what is not done, or in doubt, is later than anything that is done.
void RowRules::operator()(const SagaTurnedBack& e) {
  std::vector<StepIndex> plan;
  for (StepIndex i = static_cast<StepIndex>(saga_.steps.size()); i-- > 0;) {
    const Step& step = definition_.steps[i];
    const bool undoable =
        step.compensation || (step.as<ChildSaga>() && step.kind == StepKind::compensatable);
    if (undoable && may_have_happened(i)) plan.push_back(i);
  }
  const auto rank = [this](StepIndex step) -> std::ptrdiff_t {
    const auto& done = history_.done;
    if (!is_done(saga_.steps[step])) return PTRDIFF_MAX;
    return std::find(done.begin(), done.end(), step) - done.begin();
  };
  std::stable_sort(plan.begin(), plan.end(),
                   [&](StepIndex a, StepIndex b) { return rank(a) > rank(b); });
  expect(Invariant::I5, plan == e.plan, "the undo plan is not what was done, in reverse");
  expect(Invariant::I13, !passed_pivot(), "it turned back after its pivot");
  const bool waits = definition_.on_sibling_failure == OnSiblingFailure::finish;
  expect(Invariant::I5,
         !waits || e.cause.step == no_step || !testing::steps_under_way(definition_, saga_),
         "it turned back before the steps beside the one that failed had ended");
}

}  // namespace

bool is_done(const StepState& s) {
  return s.status == StepStatus::succeeded || s.status == StepStatus::skipped;
}

bool is_closed(const StepState& s) { return is_closed(s.compensation); }

void check_row(const Case& subject, const Saga& before, const Decision& decision, Time now,
               const Saga& after, History& history, const std::function<std::string()>& where,
               Findings& findings) {
  RowRules rules{subject, before, now, history, where, findings};
  rules.expect(Invariant::I3, !decision.refusal || decision.events.empty(),
               "a request was refused and changed it");
  if (decision.events.empty()) {
    rules.expect(Invariant::I3, before == after, "it changed and no event says so");
    return;
  }
  for (const Event& event : decision.events) rules.walk(event);
  Saga folded = rules.saga();
  folded.version = before.version + 1;
  folded.updated_at = now;
  rules.expect(Invariant::I3, folded == after, "decide() and evolve() differ");
  const bool explained = after.status != stuck || !after.stuck->error.code.empty();
  rules.expect(Invariant::I2, explained, "it is stuck without a reason");
}

}  // namespace skald::model
