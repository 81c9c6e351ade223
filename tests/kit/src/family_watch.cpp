#include "family_watch.hpp"

#include <algorithm>

namespace skald::testing {
namespace {

// It goes back, or has come to an end that cannot be turned back any more.
bool has_turned(const Saga& saga) {
  const bool stuck_there = saga.stuck && saga.stuck->resumes_to == Status::compensating;
  return saga.status == Status::compensating || saga.status == Status::compensated ||
         saga.status == Status::abandoned || stuck_there;
}

// Whether a parent's step may look like this while its child looks like that.
bool agree(const StepState& s, const Saga& child) {
  const bool undoing = s.compensation == CompensationStatus::dispatched;
  const bool succeeded = s.status == StepStatus::succeeded;
  switch (child.status) {
    case Status::pending:
    case Status::running:
    case Status::compensating:
    case Status::stuck: return s.status == StepStatus::waiting || undoing;
    case Status::completed: return succeeded && !undoing && s.output == child.output;
    case Status::compensated:
      return s.status != StepStatus::waiting && !undoing &&
             (!succeeded || s.compensation == CompensationStatus::compensated);
    case Status::abandoned:
      return s.status != StepStatus::waiting &&
             (!undoing || s.of(Direction::compensate).error.has_value());
  }
  return false;
}

}  // namespace

Witness* FamilyWatch::find(const SagaId& id) {
  const auto found = sagas_.find(id);
  return found == sagas_.end() ? nullptr : &found->second;
}

void FamilyWatch::begin(Witness& child, const SagaStarted& started) {
  const Witness* parent = find(started.parent->saga);
  const std::string& name = child.path.name();
  findings_.expect(Invariant::I10, parent != nullptr, "{}: its parent is not in the store", name);
  if (!parent) return;
  const Saga& saga = parent->path.saga();
  const StepIndex step = started.parent->step;
  const auto* work =
      step < saga.steps.size() ? parent->path.definition().steps[step].as<ChildSaga>() : nullptr;
  const bool asked = work && saga.steps[step].child == started.id &&
                     saga.steps[step].of(Direction::action).made == started.parent->attempt;
  findings_.expect(Invariant::I10, asked, "{}: its parent did not start it", name);
  if (!asked) return;
  findings_.expect(Invariant::I10,
                   started.type == work->type &&
                       (!work->version || started.definition_version == *work->version) &&
                       (work->input || saga.steps[step].input_patch || started.input == saga.input),
                   "{}: it is not the child that its parent asked for", name);
  findings_.expect(Invariant::I3,
                   started.root == saga.root && started.depth == saga.depth + 1 && !started.key,
                   "{}: it does not know its family", name);
  // It may have been turned back in the very decision that started it.
  const bool turned = std::find(turned_.begin(), turned_.end(), started.id) != turned_.end();
  child.path.told_by_parent(turned);
  happenings_.note(Happening::child_started);
  if (started.depth > 1) happenings_.note(Happening::grandchild_started);
}

void FamilyWatch::before_row(Witness& of, const JournalAppend& row) {
  touched_.insert(row.saga);
  for (const Event& event : row.events) {
    if (const auto* started = std::get_if<ChildStarted>(&event)) note_start(row.saga, of, *started);
    if (const auto* turned = std::get_if<ChildTurnedBack>(&event)) note_turn(of, *turned);
    if (!std::holds_alternative<SagaAbandoned>(event)) continue;
    for (const Kin& kin : of.children) {
      const Witness* child = find(kin.id);
      if (child && !is_end(child->path.saga().status)) {
        happenings_.note(Happening::child_left_alone);
      }
    }
  }
}

void FamilyWatch::note_start(const SagaId& id, Witness& parent, const ChildStarted& started) {
  for (const Kin& kin : parent.children) {
    if (kin.step != started.attempt.step) continue;
    const Witness* earlier = find(kin.id);
    findings_.expect(Invariant::I12, earlier && is_end(earlier->path.saga().status),
                     "{}: another child was started while {} ran", parent.path.name(),
                     kin.id.to_string());
  }
  parent.children.push_back({started.attempt.step, started.child, false});
  started_.emplace_back(id, started.child);
}

void FamilyWatch::note_turn(Witness& parent, const ChildTurnedBack& turned) {
  turned_.push_back(turned.child);
  Witness* child = find(turned.child);
  const bool begins = std::any_of(started_.begin(), started_.end(), [&turned](const auto& started) {
    return started.second == turned.child;
  });
  findings_.expect(Invariant::I10, child || begins, "{}: it turned back a child that is not there",
                   parent.path.name());
  if (child) {
    const Status status = child->path.saga().status;
    child->path.told_by_parent(true);
    if (status == Status::completed) happenings_.note(Happening::child_recalled);
    if (is_end(status)) return;
  }  // Otherwise it is started by this very decision, and begin() will tell its path.
  happenings_.note(Happening::child_stopped);
  for (Kin& kin : parent.children) kin.stopped = kin.stopped || kin.id == turned.child;
}

void FamilyWatch::batch_done() {
  for (const auto& [parent, child] : started_) {
    findings_.expect(Invariant::I10, find(child) != nullptr,
                     "{} started child {}, which did not come to be in the same transaction",
                     parent.to_string(), child.to_string());
  }
  for (const SagaId& id : turned_) {
    Witness* child = find(id);
    if (!child) continue;
    child->path.told_by_parent(false);
    findings_.expect(Invariant::I5, has_turned(child->path.saga()),
                     "{}: its parent turned it back, and it is {}", child->path.name(),
                     to_string(child->path.saga().status));
  }
  for (const SagaId& id : touched_) {
    const Witness* saga = find(id);
    if (!saga) continue;
    for (const Kin& kin : saga->children) {
      const Witness* child = find(kin.id);
      if (child) check_kin(*saga, kin.step, *child);
    }
    const auto& parent_ref = saga->path.saga().parent;
    const Witness* parent = parent_ref ? find(parent_ref->saga) : nullptr;
    if (parent) check_kin(*parent, parent_ref->step, *saga);
  }
  touched_.clear();
  started_.clear();
  turned_.clear();
}

// An abandoned parent leaves its children to themselves.
void FamilyWatch::check_kin(const Witness& parent, StepIndex step, const Witness& child) {
  const Saga& saga = parent.path.saga();
  if (saga.status == Status::abandoned) return;
  const StepState& s = saga.steps[step];
  const bool latest = s.child == child.path.saga().id;
  const bool holds = latest ? agree(s, child.path.saga()) : is_end(child.path.saga().status);
  findings_.expect(Invariant::I3, holds || parent.path.is_forced(step),
                   "{}: step {} is {} ({}), and its {} child is {}", parent.path.name(),
                   parent.path.definition().steps[step].name, to_string(s.status),
                   to_string(s.compensation), latest ? "latest" : "earlier",
                   to_string(child.path.saga().status));
}

void FamilyWatch::finish() {
  for (const auto& [id, witness] : sagas_) {
    const auto& parent_ref = witness.path.saga().parent;
    const Witness* parent = parent_ref ? find(parent_ref->saga) : nullptr;
    if (parent) check_end(*parent, parent_ref->step, witness);
  }
}

// The end of a parent is the end of what its children did, too.
void FamilyWatch::check_end(const Witness& parent, StepIndex step, const Witness& child) {
  const Saga& saga = parent.path.saga();
  const Status status = child.path.saga().status;
  if (saga.status == Status::abandoned || !is_end(saga.status)) return;
  findings_.expect(Invariant::I2, is_end(status), "{} is still {}, and its parent is {}",
                   child.path.name(), to_string(status), to_string(saga.status));
  const StepState& s = saga.steps[step];
  if (parent.path.is_forced(step) || s.undo_forced) return;
  const bool latest = s.child == child.path.saga().id;
  const bool stays =
      latest && saga.status == Status::completed && s.status == StepStatus::succeeded;
  const bool gone = status == Status::compensated || status == Status::abandoned;
  findings_.expect(saga.status == Status::completed ? Invariant::I4 : Invariant::I5,
                   stays ? status == Status::completed : gone, "{} is {}, and its parent is {}",
                   child.path.name(), to_string(status), to_string(saga.status));
}

}  // namespace skald::testing
