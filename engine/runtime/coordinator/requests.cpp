// What operators ask of sagas, and what is asked about them.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "saga/entry_check.hpp"
#include "skald/replay.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

SagaResult result_of(const Saga& saga) {
  SagaResult result{saga.status, saga.forced, saga.output.value_or(JsonText{}), std::nullopt};
  if (saga.stuck) {
    result.error = saga.stuck->error;
  } else if (saga.turn_back) {
    result.error = saga.turn_back->error;
  }
  return result;
}

std::optional<Refusal> clean(Input& input) {
  return std::visit(
      [](auto& i) -> std::optional<Refusal> {
        if constexpr (requires { i.name; }) {
          if (auto refusal = refuse_name("signal", i.name)) return refusal;
        }
        if constexpr (requires { i.data; }) {
          if (auto refusal = i.id ? refuse_name("signal's id", *i.id) : std::nullopt) {
            return refusal;
          }
        }
        if constexpr (requires { i.requester; }) return clean(i.requester);
        return std::nullopt;
      },
      input);
}

}  // namespace

void Coordinator::take(RequestArrival& a) {
  if (auto refusal = clean(a.input)) return a.answer(*std::move(refusal));
  LiveSaga* saga = live(a.saga);
  if (!saga) {
    const bool closes = std::holds_alternative<AbandonRequested>(a.input);
    if (closes && unusable_.contains(a.saga)) return end_damaged(a);
    a.answer(refuse_saga(a.saga));
    return;
  }
  if (saga->problem && !std::holds_alternative<AbandonRequested>(a.input)) {
    a.answer(refuse_saga(a.saga));
    return;
  }
  if (!a.step.empty()) {
    const auto step = saga->definition->find(a.step);
    if (!step) {
      a.answer(Refusal{Code::not_found,
                       fmt::format("saga {} has no step {}", a.saga.to_string(), a.step)});
      return;
    }
    std::visit(
        [&step](auto& input) {
          if constexpr (requires {
                          input.requester;
                          input.step;
                        })
            input.step = *step;
        },
        a.input);
  }
  if (pass_down(a)) return;
  saga = live(a.saga);
  const bool was_paused = saga->saga.paused;
  if (auto refusal = apply(*saga, a.input)) {
    a.answer(*std::move(refusal));
    return;
  }
  owe(a.answer, RequestOutcome{saga->saga.status, saga->saga.paused, saga->saga.wish.has_value(),
                               note_on(*saga, a.input, was_paused)});
}

// What a request did not change, though whoever made it may think so.
std::string Coordinator::note_on(const LiveSaga& live, const Input& input, bool was_paused) const {
  const Saga& saga = live.saga;
  const bool resumed = std::holds_alternative<ResumeRequested>(input);
  const bool retried = std::holds_alternative<RetryRequested>(input);
  if ((resumed || retried) && saga.stuck) {
    if (was_paused) return "the pause is lifted; the saga is still stuck, resume it again for that";
    return "it is stuck again: " + saga.stuck->error.message;
  }
  if (!retried) return {};
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    for (const Direction d : {Direction::action, Direction::compensate, Direction::resolve}) {
      const Attempts& a = saga.steps[i].of(d);
      if (a.outstanding || !a.retry_at || *a.retry_at > now_) continue;
      const std::string& participant = live.definition->steps[i].participant;
      const auto command = d == Direction::action ? CommandClass::later_try : CommandClass::undoing;
      const auto hold = book_.held(participant, command, now_);
      if (!hold) continue;
      return fmt::format("step {} still waits: the {} of {} holds it{}",
                         live.definition->steps[i].name, hold->policy, participant,
                         hold->until ? " until " + format_time(*hold->until) : std::string());
    }
  }
  return {};
}

void Coordinator::take(ReplayArrival& a) {
  if (auto refusal = clean(a.requester)) return a.answer(*std::move(refusal));
  LiveSaga* old = live(a.saga);
  if (!old || old->problem) {
    a.answer(refuse_saga(a.saga));
    return;
  }
  DefinitionPtr definition = a.version ? newest_definition(old->saga.type, a.version)
                                       : this->definition(old->saga.definition);
  if (!definition) {
    a.answer(Refusal{Code::not_found, fmt::format("no version {} of saga {} in this store",
                                                  *a.version, old->saga.type)});
    return;
  }
  auto planned =
      plan_replay(*old->definition, old->saga, definition, {a.from_step, a.input_patch, a.force});
  if (auto* refusal = std::get_if<Refusal>(&planned)) {
    a.answer(std::move(*refusal));
    return;
  }
  auto& start = std::get<StartRequested>(planned);
  start.id = SagaId::make(now_, random_(), random_());
  start.requester = a.requester;
  const SagaId id = start.id;
  PayloadTrees trees;
  if (auto refusal = prepare(definition, start, trees)) {
    a.answer(*std::move(refusal));
    return;
  }
  if (auto refusal = apply(*old, ReplayRequested{id, a.force})) {
    a.answer(*std::move(refusal));
    return;
  }
  if (auto refusal = start_saga(definition, std::move(start), std::move(trees))) {
    return a.answer(*std::move(refusal));
  }
  owe(a.answer, id);
}

void Coordinator::take(WaitArrival& a) {
  const auto known = live_.find(a.saga);
  const bool committing = known != live_.end() && known->second.committing;
  const LiveSaga* found = committing ? &known->second : live(a.saga);
  if (!found) {
    a.answer(refuse_saga(a.saga));
    return;
  }
  const Saga& saga = found->saga;
  // How one stands that is being committed is told when that is done.
  if (committing || (!is_end(saga.status) && saga.status != Status::stuck)) {
    waiters_[a.saga].push_back(std::move(a));
    return;
  }
  open_.answers.emplace_back([answer = a.answer, result = result_of(saga)] { answer(result); });
}

void Coordinator::tell_waiters(const Saga& saga) {
  auto waiting = waiters_.extract(saga.id);
  if (!waiting) return;
  const SagaResult result = result_of(saga);
  for (WaitArrival& waiter : waiting.mapped()) waiter.answer(result);
}

void Coordinator::take(UnwaitArrival& a) {
  const auto waiting = waiters_.find(a.saga);
  if (waiting == waiters_.end()) return;
  std::erase_if(waiting->second, [&a](const WaitArrival& w) { return w.token == a.token; });
  if (waiting->second.empty()) waiters_.erase(waiting);
}

void Coordinator::take(LookArrival& a) {
  const LiveSaga* saga = live(a.saga);
  if (!saga) {
    a.answer(refuse_saga(a.saga));
    return;
  }
  open_.answers.emplace_back([answer = a.answer, copy = saga->saga] { answer(copy); });
}

}  // namespace skald
