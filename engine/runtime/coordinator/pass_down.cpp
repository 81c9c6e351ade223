// Requests to a saga that only its child sagas can be meant by: an operator sees the order, not the
// parts that it is made of.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "decide/decider.hpp"
#include "skald/limits.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

// Sagas of a family that one request may look at; each costs up to some 50 us.
constexpr std::size_t pass_down_max = 1'000;

bool waits_for(const Definition& definition, const Saga& saga, const std::string& signal) {
  for (StepIndex i = 0; i < definition.steps.size(); ++i) {
    const auto* wait = definition.steps[i].as<WaitFor>();
    if (wait && wait->signal == signal && !saga.done.contains(i)) return true;
  }
  return false;
}

bool knows(const Definition& definition, const std::string& signal) {
  return std::any_of(definition.steps.begin(), definition.steps.end(), [&](const Step& step) {
    const auto* wait = step.as<WaitFor>();
    return wait && wait->signal == signal;
  });
}

bool starts_children(const Definition& definition) {
  return std::any_of(definition.steps.begin(), definition.steps.end(), [](const Step& step) {
    const auto* each = step.as<ForEach>();
    return step.as<ChildSaga>() || (each && each->step->as<ChildSaga>());
  });
}

std::vector<SagaId> children_of(const Saga& saga) {
  std::vector<SagaId> children;
  for (const StepState& step : saga.steps) {
    if (step.child) children.push_back(*step.child);
  }
  return children;
}

std::string names_of(const std::vector<SagaId>& sagas) {
  constexpr std::size_t shown_max = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(sagas.size(), shown_max); ++i) {
    names += (i > 0 ? ", " : "") + sagas[i].to_string();
  }
  if (sagas.size() > shown_max) names += fmt::format(" and {} more", sagas.size() - shown_max);
  return names;
}

}  // namespace

// Absent: it cannot be read, so no saga of it can be carried on.
DefinitionPtr Coordinator::readable_definition(const Digest& digest) {
  try {
    return definition(digest);
  } catch (const StoreError& error) {
    if (error.kind() != StoreError::Kind::corrupt || !settings_.guarded) throw;
  } catch (const DefinitionError&) {
    if (!settings_.guarded) throw;
  }
  return nullptr;
}

// Nearest first; without those that cannot be carried on. Absent: there are too many to look at in
// one turn. Most sagas of a large family are told apart by their summary, without their history.
std::optional<std::vector<SagaId>> Coordinator::descendants(const SagaId& root,
                                                            const MayBeMeant& may_be_meant) {
  std::vector<SagaId> found;
  std::vector<SagaId> below = children_of(live(root)->saga);
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < below.size() && i < family_sagas_max; ++i) {
    const SagaId id = below[i];
    const auto seen = glance(id);
    const DefinitionPtr definition = seen ? readable_definition(seen->definition) : nullptr;
    if (!definition) continue;
    const bool meant = may_be_meant(*definition, *seen);
    const bool over = seen->status == Status::completed || seen->status == Status::compensated;
    if (!meant && (over || !starts_children(*definition))) continue;
    if (++looked_at > pass_down_max) return std::nullopt;
    const LiveSaga* saga = live(id);
    if (!saga || saga->problem) continue;
    if (meant) found.push_back(id);
    const auto children = children_of(saga->saga);
    below.insert(below.end(), children.begin(), children.end());
  }
  return found;
}

std::optional<Coordinator::Glance> Coordinator::glance(const SagaId& id) {
  if (const auto held = live_.find(id); held != live_.end()) {
    const Saga& saga = held->second.saga;
    return Glance{saga.definition, saga.status, saga.paused};
  }
  const auto summary = store().summary(id);
  if (!summary) return std::nullopt;
  return Glance{summary->definition, summary->status, summary->paused};
}

bool Coordinator::refuse_large_family(RequestArrival& a, const char* which) {
  a.answer(Refusal{Code::wrong_state,
                   fmt::format("it has more than {} child sagas {}: name one of them instead "
                               "(`skald show` of this saga names them)",
                               pass_down_max, which)});
  return true;
}

bool Coordinator::pass_down(RequestArrival& a) {
  const LiveSaga& parent = *live(a.saga);
  if (is_end(parent.saga.status)) return false;
  std::vector<SagaId> meant;
  if (const auto* resume = std::get_if<ResumeRequested>(&a.input)) {
    const bool own =
        parent.saga.paused || parent.saga.stuck || resume->input_patch || resume->step != no_step;
    if (own) return false;
    auto below = descendants(a.saga, [](const Definition&, const Glance& glance) {
      return glance.paused || glance.status == Status::stuck;
    });
    if (!below) return refuse_large_family(a, "that could stand still");
    meant = *std::move(below);
    std::erase_if(meant, [this](const SagaId& id) {
      const Saga& saga = live(id)->saga;
      return !saga.paused && !saga.stuck;
    });
  } else if (const auto* signal = std::get_if<SignalReceived>(&a.input)) {
    if (knows(*parent.definition, signal->name)) return false;
    auto below = descendants(a.saga, [signal](const Definition& definition, const Glance& glance) {
      return (!is_end(glance.status) || signal->id) && knows(definition, signal->name);
    });
    if (!below) return refuse_large_family(a, "that the signal could be meant for");
    meant = *std::move(below);
    // One that has been handed on before must not reach the next child, too.
    const bool repeated = std::any_of(meant.begin(), meant.end(), [&](const SagaId& id) {
      return has_seen(live(id)->saga, signal->id);
    });
    if (repeated) {
      owe(a.answer,
          RequestOutcome{parent.saga.status, parent.saga.paused, parent.saga.wish.has_value(),
                         "a child saga has had the signal of this id already"});
      return true;
    }
    std::erase_if(meant, [&](const SagaId& id) {
      const LiveSaga& child = *live(id);
      return is_end(child.saga.status) || !waits_for(*child.definition, child.saga, signal->name);
    });
    if (meant.size() > 1) {
      a.answer(Refusal{Code::wrong_state,
                       fmt::format("{} child sagas wait for the signal {}: give it to one of "
                                   "them: {}",
                                   meant.size(), signal->name, names_of(meant))});
      return true;
    }
  }
  if (meant.empty()) return false;
  for (const SagaId& id : meant) {
    if (auto refusal = apply(*live(id), a.input)) {
      refusal->message = fmt::format("child saga {}: {}", id.to_string(), refusal->message);
      a.answer(*std::move(refusal));
      return true;
    }
  }
  const Saga& saga = live(a.saga)->saga;
  owe(a.answer, RequestOutcome{saga.status, saga.paused, saga.wish.has_value(),
                               fmt::format("handed on to its child saga{} {}",
                                           meant.size() > 1 ? "s" : "", names_of(meant))});
  return true;
}

}  // namespace skald
