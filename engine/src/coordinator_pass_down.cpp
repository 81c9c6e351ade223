// Requests to a saga that only its child sagas can be meant by: an operator sees the order, not the
// parts that it is made of.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator.hpp"
#include "decider.hpp"
#include "skald/limits.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

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

// Nearest first; without those that cannot be carried on.
std::vector<SagaId> Coordinator::descendants(const SagaId& root) {
  std::vector<SagaId> found{root};
  for (std::size_t i = 0; i < found.size() && found.size() < family_sagas_max; ++i) {
    const LiveSaga* saga = live(found[i]);
    if (!saga || saga->problem) continue;
    for (const StepState& step : saga->saga.steps) {
      if (step.child) found.push_back(*step.child);
    }
  }
  found.erase(found.begin());
  std::erase_if(found, [this](const SagaId& id) {
    const LiveSaga* saga = live(id);
    return !saga || saga->problem;
  });
  return found;
}

bool Coordinator::pass_down(RequestArrival& a) {
  const LiveSaga& parent = *live(a.saga);
  if (is_end(parent.saga.status)) return false;
  std::vector<SagaId> meant;
  if (const auto* resume = std::get_if<ResumeRequested>(&a.input)) {
    const bool own =
        parent.saga.paused || parent.saga.stuck || resume->input_patch || resume->step != no_step;
    if (own) return false;
    meant = descendants(a.saga);
    std::erase_if(meant, [this](const SagaId& id) {
      const Saga& saga = live(id)->saga;
      return !saga.paused && !saga.stuck;
    });
  } else if (const auto* signal = std::get_if<SignalReceived>(&a.input)) {
    if (knows(*parent.definition, signal->name)) return false;
    meant = descendants(a.saga);
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
