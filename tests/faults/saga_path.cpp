#include "saga_path.hpp"

#include <algorithm>
#include <array>

namespace skald::faults {
namespace {

using enum Status;

// The declared machine: docs/semantics.md.
constexpr std::array edges{
    std::pair{pending, running},    std::pair{pending, compensating},
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

std::string SagaPath::name() const {
  return fmt::format("{} ({})", summary_.id.to_string(), summary_.key.value_or("no key"));
}

void SagaPath::walk(const std::vector<JournalRow>& rows) {
  for (const JournalRow& row : rows) walk_row(row);
  findings_.expect(Invariant::I3, row_seen_, "{}: its row states version {}, the journal has {}",
                   name(), summary_.version, saga_.version);
  findings_.expect(Invariant::I3, !filters_differ(summary_, summarize(definition_, saga_)),
                   "{}: its row was not brought up to version {}", name(), saga_.version);
}

void SagaPath::walk_row(const JournalRow& row) {
  findings_.expect(Invariant::I3, row.version == saga_.version + 1,
                   "{}: version {} follows version {}", name(), row.version, saga_.version);
  for (const Event& event : row.events) {
    const Status status = saga_.status;
    before(event, row.at);
    evolve(saga_, event, row.at);
    if (saga_.status != status) check_edge(status, saga_.status);
  }
  saga_.version = row.version;
  saga_.updated_at = row.at;
  check_row(row);
}

void SagaPath::before(const Event& event, Time at) {
  const bool after_end = is_end(saga_.status) && !std::holds_alternative<ReplayStarted>(event);
  findings_.expect(Invariant::I9, !after_end, "{}: {} after the end", name(), event_name(event));
  if (const auto* issued = std::get_if<CommandIssued>(&event)) check_issue(*issued, at);
  if (const auto* lost = std::get_if<AttemptUnanswered>(&event)) check_unanswered(*lost, at);
  if (const auto* turned = std::get_if<SagaTurnedBack>(&event)) check_turn(*turned);
}

void SagaPath::check_issue(const CommandIssued& issued, Time at) {
  const AttemptRef& attempt = issued.attempt;
  const StepState& s = saga_.steps[attempt.step];
  const Attempts& a = s.of(attempt.direction);
  const Step& step = definition_.steps[attempt.step];
  const bool compensating = attempt.direction == Direction::compensate;
  const RetryPolicy& retry = compensating ? step.compensation->retry : step.retry;
  findings_.expect(Invariant::I12, attempt.attempt == a.made + 1,
                   "{}: attempt {} of {} follows attempt {}", name(), attempt.attempt, step.name,
                   a.made);
  findings_.expect(Invariant::I12, a.in_round() < retry.max_attempts,
                   "{}: attempt {} of {} is beyond the limit of {}", name(), a.in_round() + 1,
                   step.name, retry.max_attempts);
  findings_.expect(Invariant::I12, !a.retry_at || *a.retry_at <= at,
                   "{}: {} was tried again before its time", name(), step.name);
  if (attempt.direction == Direction::action) check_action(attempt.step);
  if (compensating) check_compensation(attempt.step);
  issued_at_[attempt] = at;
}

void SagaPath::check_action(StepIndex step) {
  const auto end = saga_.steps.begin() + step;
  const bool ready = std::all_of(saga_.steps.begin(), end, is_done);
  findings_.expect(Invariant::I8, ready, "{}: {} was issued before its predecessors were done",
                   name(), definition_.steps[step].name);
  findings_.expect(Invariant::I8, !turned_, "{}: {} was issued after the turn back", name(),
                   definition_.steps[step].name);
}

void SagaPath::check_compensation(StepIndex step) {
  const std::string& step_name = definition_.steps[step].name;
  findings_.expect(Invariant::I5, turned_, "{}: {} was undone on the way forward", name(),
                   step_name);
  // By position, not by the stored plan: the way back is from the last step to the first.
  const bool ready =
      std::all_of(saga_.undo_plan.begin(), saga_.undo_plan.end(), [this, step](StepIndex planned) {
        return planned <= step || is_closed(saga_.steps[planned].compensation);
      });
  findings_.expect(Invariant::I5, ready, "{}: {} was undone before a later step", name(),
                   step_name);
  const auto& plan = saga_.undo_plan;
  findings_.expect(Invariant::I5, std::find(plan.begin(), plan.end(), step) != plan.end(),
                   "{}: {} was undone and is not in the plan", name(), step_name);
  const StepIndex pivot = definition_.pivot();
  const bool passed = pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
  findings_.expect(Invariant::I13, !passed, "{}: {} was undone after the pivot", name(), step_name);
}

void SagaPath::check_unanswered(const AttemptUnanswered& unanswered, Time at) {
  if (unanswered.error.code != "TIMEOUT") return;
  const AttemptRef& attempt = unanswered.attempt;
  const auto issued = issued_at_.find(attempt);
  const Duration timeout = attempt_timeout(definition_.steps[attempt.step], attempt.direction);
  findings_.expect(Invariant::I12, issued != issued_at_.end() && at - issued->second >= timeout,
                   "{}: attempt {} of {} timed out before its time", name(), attempt.attempt,
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
  findings_.expect(Invariant::I5, plan == turned.plan, "{}: the undo plan is {}, must be {}",
                   name(), list(turned.plan), list(plan));
  const StepIndex pivot = definition_.pivot();
  const bool passed = pivot != no_step && saga_.steps[pivot].status == StepStatus::succeeded;
  findings_.expect(Invariant::I13, !passed, "{}: it turned back after its pivot", name());
}

void SagaPath::check_edge(Status from, Status to) {
  findings_.expect(Invariant::I3, is_edge(from, to), "{}: went from {} to {}", name(),
                   to_string(from), to_string(to));
}

void SagaPath::check_row(const JournalRow& row) {
  if (row.version != summary_.version) return;
  row_seen_ = true;
  findings_.expect(Invariant::I3, summarize(definition_, saga_) == summary_,
                   "{}: its row differs from the journal folded to version {}", name(),
                   row.version);
}

}  // namespace skald::faults
