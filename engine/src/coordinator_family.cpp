// The coordinator's families of sagas, and their locks.
//
// Whatever a decision asks of a child or tells a parent becomes part of the same batch, so that a
// family is never seen half changed.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator.hpp"
#include "lock_names.hpp"
#include "skald/expansion.hpp"

namespace skald {
std::optional<Refusal> Coordinator::prepare(DefinitionPtr& definition, StartRequested& request) {
  auto effective = effective_definition(definition, request.input);
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    return Refusal{Refused::Code::invalid, "the input " + *problem};
  }
  definition = std::get<DefinitionPtr>(std::move(effective));
  std::string problem;
  auto locks = lock_names(*definition, request.input, request.key, problem);
  if (!locks) return Refusal{Refused::Code::invalid, "the lock " + problem};
  request.locks = *std::move(locks);
  return std::nullopt;
}

std::optional<ErrorInfo> Coordinator::refuses_child(const Step& step, const JsonText& input) const {
  const ChildSaga& child = *step.as<ChildSaga>();
  DefinitionPtr definition = newest_definition(child.type, child.version);
  if (!definition) {
    const std::string version = child.version ? fmt::format(" version {}", *child.version) : "";
    return ErrorInfo{"CHILD_UNKNOWN",
                     fmt::format("there is no definition of saga {}{} in this store; define it, "
                                 "then resume",
                                 child.type, version),
                     {}};
  }
  const Shape& shape = definition->shape();
  const bool undoable = shape.pivot == no_step && shape.retriable.empty();
  if (step.kind == StepKind::compensatable && !undoable) {
    return ErrorInfo{"CHILD_NOT_UNDOABLE",
                     fmt::format("saga {} has a pivot or retriable steps and cannot be undone, so "
                                 "it can only be a pivot or a retriable step",
                                 child.type),
                     {}};
  }
  auto effective = effective_definition(definition, input);
  std::string problem;
  if (const auto* unfit = std::get_if<std::string>(&effective)) {
    problem = "the input " + *unfit;
  } else if (!lock_names(*definition, input, std::nullopt, problem)) {
    problem = "the lock " + problem;
  } else {
    return std::nullopt;
  }
  return ErrorInfo{"CHILD_INPUT", fmt::format("saga {}: {}", child.type, problem), {}};
}

void Coordinator::tell_child(LiveSaga& parent, Effect& effect) {
  const SagaId parent_id = parent.saga.id;
  if (auto* start = std::get_if<StartChild>(&effect)) {
    const ChildSaga& child = *parent.definition->steps[start->attempt.step].as<ChildSaga>();
    DefinitionPtr definition = newest_definition(child.type, child.version);
    StartRequested request;
    request.id = start->child;
    request.input = std::move(start->input);
    request.priority = parent.saga.priority;
    request.parent = ParentRef{parent_id, start->attempt.step, start->attempt.attempt};
    request.root = parent.saga.root;
    request.depth = parent.saga.depth + 1;
    (void)prepare(definition, request);  // Checked by refuses_child().
    (void)start_saga(definition, std::move(request));
    return;
  }
  const auto& turn = std::get<TurnChildBack>(effect);
  LiveSaga* child = live(turn.child);
  if (!child) return;
  const std::uint64_t version = child->saga.version;
  (void)apply(*child, ParentTurnedBack{turn.reason});
  // One that had ended before has nothing to say by itself.
  if (child->saga.version == version && is_end(child->saga.status)) tell_parent(*child);
}

void Coordinator::tell_parent(const LiveSaga& child) {
  const Saga& saga = child.saga;
  if (!saga.parent) return;
  ChildEnded ended;
  ended.attempt = {saga.parent->step, Direction::action, saga.parent->attempt};
  ended.child = saga.id;
  ended.status = saga.status;
  ended.output = saga.output.value_or(JsonText{});
  if (saga.turn_back) ended.error = saga.turn_back->error;
  LiveSaga* parent = live(saga.parent->saga);
  if (parent) (void)apply(*parent, ended);
}

void Coordinator::wake_unlocked() {
  if (holds_overdue()) return;
  for (const SagaId& id : std::exchange(unlocked_, {})) {
    open_.waking.push_back(id);
    LiveSaga* saga = live(id);
    if (saga) (void)apply(*saga, Woken{});
  }
}

// A family is over when its root has ended, and every child that an abandoned saga left to itself.
void Coordinator::leave_locks(const Saga& ended) {
  if (!locks_.knows(ended.root)) return;
  const bool alone =
      !ended.parent && std::none_of(ended.steps.begin(), ended.steps.end(),
                                    [](const StepState& s) { return s.child.has_value(); });
  if (!alone && !is_over(ended.root)) return;
  for (const SagaId& next : locks_.leave(ended.root)) unlocked_.push_back(next);
}

bool Coordinator::is_over(const SagaId& id) {
  const auto summary = store().summary(id);
  if (!summary || !is_end(summary->status)) return false;
  const auto children = children_in(store().journal(id));
  return std::all_of(children.begin(), children.end(),
                     [this](const SagaId& child) { return is_over(child); });
}

// Also of children that have ended: their family keeps their locks.
void Coordinator::note_locks(const Saga& saga, LockLines& lines) {
  const bool has_children = std::any_of(saga.steps.begin(), saga.steps.end(),
                                        [](const StepState& s) { return s.child.has_value(); });
  if (saga.locks.empty() && !has_children) return;
  const std::vector<JournalRow> rows = store_.journal(saga.id);
  if (!saga.locks.empty()) {
    lines.push_back({rows.front().position, saga.id, saga.root, saga.locks, saga.holds_locks});
  }
  // Also those of earlier attempts: what they were given, the family keeps.
  for (const SagaId& id : children_in(rows)) {
    const Saga child = fold(store_.journal(id));
    if (is_end(child.status)) note_locks(child, lines);
  }
}

// Of a family whose root has ended and that is not over.
void Coordinator::note_family_locks(const SagaId& id, LockLines& lines) {
  const auto rows = store_.journal(id);
  const Saga saga = fold(rows);
  if (!saga.locks.empty()) {
    lines.push_back({rows.front().position, id, saga.root, saga.locks, saga.holds_locks});
  }
  for (const SagaId& child : children_in(rows)) note_family_locks(child, lines);
}

void Coordinator::rebuild_locks(LockLines lines) {
  std::sort(lines.begin(), lines.end(), [](const LockLine& a, const LockLine& b) {
    return std::pair(!a.holds, a.started) < std::pair(!b.holds, b.started);
  });
  for (const LockLine& line : lines) locks_.enter(line.saga, line.root, line.locks);
}

}  // namespace skald
