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

void SagaPath::walk_row(const JournalRow& row, Instant instant) {
  instant_ = instant;
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
  findings_.expect(Invariant::I9, !is_end(saga_.status) || may_follow_the_end(event),
                   "{}: {} after the end", name_, event_name(event));
  if (const auto* started = std::get_if<SagaStarted>(&event)) check_started(*started, row);
  if (const auto* issued = std::get_if<CommandIssued>(&event)) check_issue(*issued, row);
  if (const auto* hedged = std::get_if<AttemptHedged>(&event)) check_hedge(*hedged, row);
  if (const auto* ended = std::get_if<AttemptInterrupted>(&event)) check_interrupted(*ended);
  if (const auto* waiting = std::get_if<StepWaiting>(&event)) check_action(waiting->step, row);
  if (const auto* child = std::get_if<ChildStarted>(&event)) check_child_start(*child, row);
  if (const auto* child = std::get_if<ChildTurnedBack>(&event)) check_child_turn(*child);
  if (const auto* lost = std::get_if<AttemptUnanswered>(&event)) check_unanswered(*lost);
  if (const auto* turned = std::get_if<SagaTurnedBack>(&event)) check_turn(*turned, row);
  if (const auto* awaited = std::get_if<SiblingsAwaited>(&event)) check_siblings_awaited(*awaited);
  if (const auto* wish = std::get_if<WishRecorded>(&event)) check_deadline(wish->reason, row);
  if (const auto* verdict = std::get_if<OperatorDecided>(&event)) forced_.insert(verdict->step);
  if (const auto* done = std::get_if<StepSucceeded>(&event)) {
    check_undecided(done->attempt.step, event_name(event));
    note_done(done->attempt.step);
  }
  if (const auto* skipped = std::get_if<StepSkipped>(&event)) {
    check_undecided(skipped->step, event_name(event));
    note_done(skipped->step);
  }
  if (const auto* failed = std::get_if<StepFailed>(&event)) {
    check_undecided(failed->step, event_name(event));
    check_given_up(failed->step, failed->error);
  }
  if (const auto* doubt = std::get_if<StepInDoubt>(&event)) {
    check_undecided(doubt->step, event_name(event));
    check_given_up(doubt->step, doubt->error);
  }
}

// A child's `completed` is provisional, until its parent has ended.
bool SagaPath::may_follow_the_end(const Event& event) const {
  const bool taken_back = saga_.status == Status::completed && told_by_parent_ &&
                          std::holds_alternative<SagaTurnedBack>(event);
  const bool replayed = !saga_.parent && std::holds_alternative<ReplayStarted>(event);
  const bool told = std::holds_alternative<MessageQuarantined>(event) ||
                    std::holds_alternative<ContradictionSeen>(event) ||
                    std::holds_alternative<KeyHandedOver>(event);
  return taken_back || replayed || told;
}

void SagaPath::check_started(const SagaStarted& started, const JournalRow& row) {
  for (const CarriedOutput& carried : started.carried) note_done(carried.step);
  std::optional<Time> deadline;
  if (definition_.deadline) {
    deadline = std::max(row.at, started.not_before.value_or(row.at)) + *definition_.deadline;
  }
  findings_.expect(Invariant::I12, started.deadline == deadline,
                   "{}: its deadline does not count from when it may begin", name_);
}

// What is known for good is not decided once more.
void SagaPath::check_undecided(StepIndex step, const char* event) {
  findings_.expect(Invariant::I3, !is_settled(saga_.steps[step]), "{}: {} of {}, which is {}",
                   name_, event, definition_.steps[step].name, to_string(saga_.steps[step].status));
}

void SagaPath::check_edge(Status from, Status to) {
  const bool taken_back = saga_.parent && from == completed && to == compensating;
  findings_.expect(Invariant::I3, is_edge(from, to) || taken_back, "{}: went from {} to {}", name_,
                   to_string(from), to_string(to));
}

}  // namespace skald::testing
