#include "saga_path.hpp"

#include <algorithm>
#include <array>

namespace skald::testing {
namespace {

using enum Status;

// The declared machine: docs/semantics.md.
constexpr std::array edges{
    std::pair{pending, running},    std::pair{pending, compensating},
    std::pair{pending, completed},  std::pair{pending, stuck},
    std::pair{running, completed},  std::pair{running, compensating},
    std::pair{running, stuck},      std::pair{compensating, compensated},
    std::pair{compensating, stuck}, std::pair{stuck, running},
    std::pair{stuck, compensating}, std::pair{pending, abandoned},
    std::pair{running, abandoned},  std::pair{compensating, abandoned},
    std::pair{stuck, abandoned},
};

bool is_edge(Status from, Status to) {
  return std::find(edges.begin(), edges.end(), std::pair{from, to}) != edges.end();
}

bool is_done(const StepState& s) {
  return s.status == StepStatus::succeeded || s.status == StepStatus::skipped;
}

bool is_closed(CompensationStatus status) {
  return status == CompensationStatus::compensated || status == CompensationStatus::skipped;
}

std::string list(const std::vector<StepIndex>& steps) {
  return fmt::format("[{}]", fmt::join(steps, ", "));
}

}  // namespace

void SagaPath::walk(const std::vector<JournalRow>& rows, const SagaSummary& summary) {
  bool row_seen = false;
  for (const JournalRow& row : rows) {
    walk_row(row);
    if (row.version != summary.version) continue;
    row_seen = true;
    check_summary(summary);
  }
  findings_.expect(Invariant::I3, row_seen, "{}: its row states version {}, the journal has {}",
                   name_, summary.version, saga_.version);
  findings_.expect(Invariant::I3, !filters_differ(summary, summarize(definition_, saga_)),
                   "{}: its row was not brought up to version {}", name_, saga_.version);
}

void SagaPath::walk_row(const JournalRow& row) { walk_row(row, row.at); }

void SagaPath::walk_row(const JournalRow& row, Time real) {
  real_ = real;
  findings_.expect(Invariant::I3, row.version == saga_.version + 1,
                   "{}: version {} follows version {}", name_, row.version, saga_.version);
  for (const Event& event : row.events) {
    const Status status = saga_.status;
    before(event, row);
    evolve(saga_, event, row.at);
    if (saga_.status != status) check_edge(status, saga_.status);
  }
  saga_.version = row.version;
  saga_.updated_at = row.at;
}

void SagaPath::check_summary(const SagaSummary& summary) {
  findings_.expect(Invariant::I3, summarize(definition_, saga_) == summary,
                   "{}: its row differs from the journal folded to version {}", name_,
                   saga_.version);
}

void SagaPath::note_lease(const AttemptRef& attempt, Time due) {
  const auto issued = issued_.find(attempt);
  if (issued == issued_.end()) return;
  issued->second.may_time_out_at = std::min(issued->second.may_time_out_at, due);
}

Position SagaPath::issued_at(const AttemptRef& attempt) const {
  const auto issued = issued_.find(attempt);
  return issued == issued_.end() ? 0 : issued->second.position;
}

void SagaPath::before(const Event& event, const JournalRow& row) {
  const bool after_end = is_end(saga_.status) && !std::holds_alternative<ReplayStarted>(event);
  findings_.expect(Invariant::I9, !after_end, "{}: {} after the end", name_, event_name(event));
  if (const auto* issued = std::get_if<CommandIssued>(&event)) check_issue(*issued, row);
  if (const auto* lost = std::get_if<AttemptUnanswered>(&event)) check_unanswered(*lost);
  if (const auto* turned = std::get_if<SagaTurnedBack>(&event)) check_turn(*turned);
  if (const auto* verdict = std::get_if<OperatorDecided>(&event)) forced_.insert(verdict->step);
  if (const auto* done = std::get_if<StepSucceeded>(&event)) note_done(done->attempt.step);
  if (const auto* skipped = std::get_if<StepSkipped>(&event)) note_done(skipped->step);
  if (const auto* started = std::get_if<SagaStarted>(&event)) {
    for (const CarriedOutput& carried : started->carried) note_done(carried.step);
  }
}

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
  findings_.expect(Invariant::I12, a.in_round() < retry.max_attempts,
                   "{}: attempt {} of {} is beyond the limit of {}", name_, a.in_round() + 1,
                   step.name, retry.max_attempts);
  findings_.expect(Invariant::I12, !a.retry_at || *a.retry_at <= row.at,
                   "{}: {} was tried again before its time", name_, step.name);
  if (attempt.direction == Direction::action) check_action(attempt.step);
  if (compensating) check_compensation(attempt.step);
  const Duration timeout = attempt_timeout(step, attempt.direction);
  issued_[attempt] = {row.position, real_ + timeout};
}

void SagaPath::check_action(StepIndex step) {
  const auto& after = definition_.steps[step].after;
  const bool ready = std::all_of(after.begin(), after.end(),
                                 [this](StepIndex before) { return is_done(saga_.steps[before]); });
  findings_.expect(Invariant::I8, ready, "{}: {} was issued before its predecessors were done",
                   name_, definition_.steps[step].name);
  findings_.expect(Invariant::I8, !turned_, "{}: {} was issued after the turn back", name_,
                   definition_.steps[step].name);
}

void SagaPath::check_compensation(StepIndex step) {
  const std::string& step_name = definition_.steps[step].name;
  findings_.expect(Invariant::I5, turned_, "{}: {} was undone on the way forward", name_,
                   step_name);
  // Whatever stands before it in the plan, whose order check_turn() has checked, is closed.
  const auto& plan = saga_.undo_plan;
  const bool ready = std::all_of(
      plan.begin(), std::find(plan.begin(), plan.end(), step),
      [this](StepIndex planned) { return is_closed(saga_.steps[planned].compensation); });
  findings_.expect(Invariant::I5, ready, "{}: {} was undone before a later step", name_, step_name);
  findings_.expect(Invariant::I5, std::find(plan.begin(), plan.end(), step) != plan.end(),
                   "{}: {} was undone and is not in the plan", name_, step_name);
  const StepIndex pivot = definition_.pivot();
  const bool passed = pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
  findings_.expect(Invariant::I13, !passed, "{}: {} was undone after the pivot", name_, step_name);
}

void SagaPath::check_unanswered(const AttemptUnanswered& unanswered) {
  if (unanswered.error.code != "TIMEOUT") return;
  const AttemptRef& attempt = unanswered.attempt;
  const auto issued = issued_.find(attempt);
  findings_.expect(Invariant::I12,
                   issued != issued_.end() && real_ >= issued->second.may_time_out_at,
                   "{}: attempt {} of {} timed out before its time", name_, attempt.attempt,
                   definition_.steps[attempt.step].name);
}

void SagaPath::check_turn(const SagaTurnedBack& turned) {
  turned_ = true;
  std::vector<StepIndex> plan;
  for (StepIndex i = static_cast<StepIndex>(saga_.steps.size()); i-- > 0;) {
    const StepState& s = saga_.steps[i];
    const Attempts& action = s.of(Direction::action);
    const bool may_have_happened =
        s.status == StepStatus::succeeded || action.outstanding || !action.unanswered.empty();
    if (may_have_happened && definition_.steps[i].compensation) plan.push_back(i);
  }
  // In the reverse order of what was done; what is not done yet, or in doubt, is the latest.
  const auto rank = [this](StepIndex step) {
    const bool done = is_done(saga_.steps[step]);
    const auto found = done_.find(step);
    return done && found != done_.end() ? found->second : UINT64_MAX;
  };
  std::stable_sort(plan.begin(), plan.end(),
                   [&](StepIndex a, StepIndex b) { return rank(a) > rank(b); });
  for (std::size_t i = 0; i < plan.size(); ++i) {
    for (std::size_t j = i + 1; j < plan.size(); ++j) {
      const auto& after = definition_.steps[plan[j]].after;
      findings_.expect(Invariant::I5, std::find(after.begin(), after.end(), plan[i]) == after.end(),
                       "{}: {} is to be undone before {}, which depends on it", name_,
                       definition_.steps[plan[i]].name, definition_.steps[plan[j]].name);
    }
  }
  findings_.expect(Invariant::I5, plan == turned.plan, "{}: the undo plan is {}, must be {}", name_,
                   list(turned.plan), list(plan));
  const StepIndex pivot = definition_.pivot();
  const bool passed = pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
  findings_.expect(Invariant::I13, !passed, "{}: it turned back after its pivot", name_);
}

void SagaPath::check_edge(Status from, Status to) {
  findings_.expect(Invariant::I3, is_edge(from, to), "{}: went from {} to {}", name_,
                   to_string(from), to_string(to));
}

}  // namespace skald::testing
