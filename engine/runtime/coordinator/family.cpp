// The coordinator's families of sagas, and their locks.
//
// Whatever a decision asks of a child or tells a parent becomes part of the same batch, so that a
// family is never seen half changed.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "definition/lock_names.hpp"
#include "saga/start_check.hpp"
#include "skald/expansion.hpp"
#include "skald/limits.hpp"
#include "skald/secret_mask.hpp"

namespace skald {
std::optional<Refusal> Coordinator::prepare(DefinitionPtr& definition, StartRequested& request,
                                            PayloadTrees& trees) {
  auto effective =
      effective_definition(definition, [&]() -> const Json& { return trees.input(request.input); });
  if (const auto* problem = std::get_if<std::string>(&effective)) {
    return Refusal{Refused::Code::invalid, "the input " + *problem};
  }
  definition = std::get<DefinitionPtr>(std::move(effective));
  if (auto unfit = problem_of_start(*definition, request, trees)) {
    return Refusal{Refused::Code::invalid, *std::move(unfit)};
  }
  std::string problem;
  auto locks = lock_names(*definition, request.input, request.key, problem);
  if (!locks) return Refusal{Refused::Code::invalid, "the lock " + problem};
  request.locks = *std::move(locks);
  return std::nullopt;
}

std::optional<Admission::ChildRefusal> Coordinator::refuses_child(const Step& step,
                                                                  const JsonText& input) {
  const ChildSaga& child = *step.as<ChildSaga>();
  DefinitionPtr definition = newest_definition(child.type, child.version);
  const auto refuse = [](const char* code, std::string message, bool is_final = false) {
    return ChildRefusal{{code, std::move(message), {}}, is_final};
  };
  if (!definition) {
    const std::string version = child.version ? fmt::format(" version {}", *child.version) : "";
    return refuse("CHILD_UNKNOWN",
                  fmt::format("there is no definition of saga {}{} in this store; define it, then "
                              "resume",
                              child.type, version));
  }
  const Shape& shape = definition->shape();
  const bool undoable = shape.pivot == no_step && shape.retriable.empty();
  if (step.kind == StepKind::compensatable && !undoable) {
    return refuse("CHILD_NOT_UNDOABLE",
                  fmt::format("saga {} has a pivot or retriable steps and cannot be undone, so it "
                              "can only be a pivot or a retriable step",
                              child.type));
  }
  const std::size_t family = family_size(deciding_->root);
  if (family >= family_sagas_max) {
    return refuse("CHILD_FAMILY",
                  fmt::format("the family of saga {} has {} sagas already, and no family has more",
                              deciding_->root.to_string(), family_sagas_max),
                  true);
  }
  PayloadTrees trees;
  auto effective =
      effective_definition(definition, [&]() -> const Json& { return trees.input(input); });
  if (const auto* unfit = std::get_if<std::string>(&effective)) {
    return refuse("CHILD_INPUT", fmt::format("saga {}: the input {}", child.type, *unfit));
  }
  definition = std::get<DefinitionPtr>(std::move(effective));
  StartRequested start;
  start.input = input;
  if (const auto missing = problem_of_start(*definition, start, trees)) {
    return refuse("CHILD_INPUT", fmt::format("saga {}: {}", child.type, *missing));
  }
  std::string problem;
  auto locks = lock_names(*definition, input, std::nullopt, problem);
  if (!locks)
    return refuse("CHILD_INPUT", fmt::format("saga {}: the lock {}", child.type, problem));
  if (const auto other = locks_.circle(deciding_->root, *locks)) {
    return refuse("CHILD_LOCKS",
                  fmt::format("saga {} would wait for a lock behind saga {}, which waits for one "
                              "that the family of saga {} has: a circle, in which neither could "
                              "go on; let the root of each name the locks that its children need",
                              child.type, other->to_string(), deciding_->root.to_string()),
                  true);
  }
  families_[deciding_->root] = family + 1;  // Here, as one decision may start many.
  prepared_.keep(deciding_->id, step.name, {definition, *std::move(locks), std::move(trees)});
  return std::nullopt;
}

// Counted while the engine runs. Of a family from before that, its journals are read once.
std::size_t Coordinator::family_size(const SagaId& root) {
  const auto known = families_.find(root);
  if (known != families_.end()) return known->second;
  std::size_t size = 0;
  std::vector<SagaId> to_visit{root};
  while (!to_visit.empty() && size < family_sagas_max) {
    const SagaId id = to_visit.back();
    to_visit.pop_back();
    ++size;
    if (const auto found = stored(id)) {
      for (const SagaId& child : children_in(found->rows)) to_visit.push_back(child);
    }
  }
  families_[root] = size;
  return size;
}

void Coordinator::carry_family() {
  carrying_ = true;
  while (!family_.empty()) {
    FamilyMessage message = std::move(family_.back());
    family_.pop_back();
    std::visit([this](auto& m) { carry(m); }, message);
  }
  carrying_ = false;
  prepared_.clear();
}

void Coordinator::carry(ChildMessage& message) {
  if (const auto* turn = std::get_if<TurnChildBack>(&message.what)) return turn_child_back(*turn);
  LiveSaga* parent = live(message.parent);
  if (parent) start_child(*parent, std::get<StartChild>(message.what));
}

void Coordinator::carry(const ParentMessage& message) {
  const LiveSaga* child = live(message.child);
  if (child) tell_parent(*child);
}

void Coordinator::start_child(LiveSaga& parent, StartChild& start) {
  auto prepared = prepared_.take(parent.saga.id, parent.definition->steps[start.attempt.step].name);
  if (!prepared) throw Error("a child saga is started that refuses_child() was not asked about");
  StartRequested request;
  request.id = start.child;
  request.input = std::move(start.input);
  request.priority = parent.saga.priority;
  request.parent = ParentRef{parent.saga.id, start.attempt.step, start.attempt.attempt};
  request.root = parent.saga.root;
  request.depth = parent.saga.depth + 1;
  request.locks = std::move(prepared->locks);
  (void)start_saga(prepared->definition, std::move(request), std::move(prepared->trees));
}

void Coordinator::turn_child_back(const TurnChildBack& turn) {
  LiveSaga* child = live(turn.child);
  if (!child) return;
  const std::uint64_t version = child->saga.version;
  (void)apply(*child, ParentTurnedBack{turn.reason});
  // One that had ended before has nothing to say by itself.
  if (child->saga.version == version && is_end(child->saga.status)) tell_parent(*child);
}

// What the child declares secret is hidden here: its parent's definition does not know of it.
void Coordinator::tell_parent(const LiveSaga& live_child) {
  const Saga& child = live_child.saga;
  if (!child.parent) return;
  ChildEnded ended;
  ended.attempt = {child.parent->step, Direction::action, child.parent->attempt};
  ended.child = child.id;
  ended.status = child.status;
  ended.output = child.output.value_or(JsonText{});
  if (child.turn_back) {
    ended.error = live_child.problem
                      ? ErrorInfo{"UNUSABLE", "its definition cannot be used", {}}
                      : SecretMask(*live_child.definition, child).error(child.turn_back->error);
  }
  LiveSaga* parent = live(child.parent->saga);
  if (parent) (void)apply(*parent, ended);
}

void Coordinator::wake_unlocked() {
  if (!holds_overdue()) wake(unlocked_, unlocked_.size());
}

// Those that this turn has put off wait for the next: a large start and its first step are two.
void Coordinator::wake_deferred(std::size_t before) {
  wake(deferred_, std::min(before, deferred_.size()));
}

// The first `left`, as far as the turn has time for them, and one at least.
void Coordinator::wake(std::deque<SagaId>& waiting, std::size_t left) {
  for (bool first = true; left > 0 && (first || !meter_.is_full()); --left, first = false) {
    if (first) meter_.grant_one();
    const SagaId id = waiting.front();
    waiting.pop_front();
    open_.waking.push_back(id);
    LiveSaga* saga = live(id);
    if (!saga) continue;
    saga->deferred = false;
    (void)apply(*saga, Woken{});
  }
}

// A family is over when its root has ended, and every child that an abandoned saga left to itself.
void Coordinator::leave_locks(const Saga& ended) {
  if (!ended.parent) families_.erase(ended.id);
  if (!locks_.knows(ended.root)) return;
  const bool alone =
      !ended.parent && std::none_of(ended.steps.begin(), ended.steps.end(),
                                    [](const StepState& s) { return s.child.has_value(); });
  if (!alone && !is_over(ended.root)) return;
  for (const SagaId& next : locks_.leave(ended.root)) unlocked_.push_back(next);
}

// A damaged saga that has ended is taken for one without children.
bool Coordinator::is_over(const SagaId& id, std::uint32_t depth) {
  const auto summary = store().summary(id);
  if (!summary || !is_end(summary->status)) return false;
  const auto found = stored(id);
  if (!found || depth > saga_depth_max) return true;
  const auto children = children_in(found->rows);
  return std::all_of(children.begin(), children.end(),
                     [&](const SagaId& child) { return is_over(child, depth + 1); });
}

// Also of children that have ended: their family keeps their locks.
void Coordinator::note_locks(const SagaId& id, LockLines& lines, std::uint32_t depth) {
  const auto found = stored(id);
  if (!found || depth > saga_depth_max) return;
  const Saga& saga = found->saga;
  if (depth > 0 && !is_end(saga.status)) return;  // It is looked at by itself.
  if (!saga.locks.empty()) {
    lines.push_back({found->rows.front().position, id, saga.root, saga.locks, saga.holds_locks});
  }
  // Also those of earlier attempts: what they were given, the family keeps.
  for (const SagaId& child : children_in(found->rows)) note_locks(child, lines, depth + 1);
}

// Of a family whose root has ended and that is not over.
void Coordinator::note_family_locks(const SagaId& id, LockLines& lines, std::uint32_t depth) {
  const auto found = stored(id);
  if (!found || depth > saga_depth_max) return;
  const Saga& saga = found->saga;
  if (!saga.locks.empty()) {
    lines.push_back({found->rows.front().position, id, saga.root, saga.locks, saga.holds_locks});
  }
  for (const SagaId& child : children_in(found->rows)) note_family_locks(child, lines, depth + 1);
}

void Coordinator::rebuild_locks(LockLines lines) {
  std::sort(lines.begin(), lines.end(), [](const LockLine& a, const LockLine& b) {
    return std::pair(!a.holds, a.started) < std::pair(!b.holds, b.started);
  });
  for (const LockLine& line : lines) locks_.enter(line.saga, line.root, line.locks);
}

}  // namespace skald
