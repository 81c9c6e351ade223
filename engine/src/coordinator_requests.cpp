// What the outside asks of the coordinator: starts and operators' requests.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator.hpp"
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

// Why a name cannot be taken from outside, if it cannot.
std::optional<Refusal> refuse_name(const char* what, const std::string& name) {
  const auto problem = name_problem(name);
  if (!problem) return std::nullopt;
  return Refusal{Code::invalid, fmt::format("the {} {}", what, *problem)};
}

// Who asks is kept with what is asked, so it has to be text that can be shown.
std::optional<Refusal> clean(Requester& requester) {
  requester.reason = clean_text(requester.reason);
  return requester.by.empty() ? std::nullopt : refuse_name("operator's name", requester.by);
}

std::optional<Refusal> clean(Input& input) {
  return std::visit(
      [](auto& i) -> std::optional<Refusal> {
        if constexpr (requires { i.name; }) {
          if (auto refusal = refuse_name("signal", i.name)) return refusal;
        }
        if constexpr (requires { i.requester; }) return clean(i.requester);
        return std::nullopt;
      },
      input);
}

}  // namespace

// All at one go, and beside a commit that goes on.
void Coordinator::look_up_keys(std::span<const Arrival> arrivals) {
  std::vector<BusinessKey> keys;
  for (const Arrival& arrival : arrivals) {
    const auto* start = std::get_if<StartArrival>(&arrival);
    if (start && start->key) keys.push_back({start->type, *start->key});
  }
  if (keys.empty()) return;
  const auto holders = store_.key_holders(keys);
  for (std::size_t i = 0; i < keys.size(); ++i) looked_up_.emplace(std::move(keys[i]), holders[i]);
}

std::optional<SagaId> Coordinator::key_holder(const BusinessKey& key) {
  for (const Turn* turn : {&open_, &in_flight_}) {
    const auto started_now = turn->keys.find(key);
    if (started_now != turn->keys.end()) return started_now->second;
  }
  const auto known = looked_up_.find(key);
  return known != looked_up_.end() ? known->second : store_.key_holder(key);
}

std::optional<Refusal> Coordinator::start_saga(const DefinitionPtr& definition,
                                               StartRequested request, PayloadTrees&& trees) {
  const SagaId id = request.id;
  if (request.key) open_.keys[{definition->type, *request.key}] = id;
  locks_.enter(id, request.root.value_or(id), request.locks);
  LiveSaga& saga = live_[id];
  saga.definition = definition;
  saga.saga.id = id;
  saga.saga.priority = request.priority.value_or(definition->priority);
  saga.trees = std::move(trees);
  saga.bytes = 0;
  return apply(saga, std::move(request));
}

void Coordinator::take(StartArrival& a) {
  if (auto refusal = a.key ? refuse_name("key", *a.key) : std::nullopt) {
    return a.answer(*std::move(refusal));
  }
  if (auto refusal = clean(a.requester)) return a.answer(*std::move(refusal));
  DefinitionPtr definition = newest_definition(a.type, a.version);
  if (!definition) {
    const std::string version = a.version ? fmt::format(" version {}", *a.version) : "";
    a.answer(Refusal{
        Code::not_found,
        fmt::format("no definition of saga {}{} in this store; define it first", a.type, version)});
    return;
  }
  if (a.key) {
    if (const auto holder = key_holder({a.type, *a.key})) {
      // What it was started with stays, so that one need not wait for its commit.
      const auto known = live_.find(*holder);
      const LiveSaga* saga = known != live_.end() ? &known->second : live(*holder);
      if (saga && same_value(saga->saga.input, a.input)) {
        open_.starts.push_back({std::move(a.answer), {*holder, false}});
      } else {
        a.answer(Refusal{Code::key_conflict,
                         fmt::format("key {} is taken by saga {}, which has other input", *a.key,
                                     holder->to_string())});
      }
      return;
    }
  }
  if (auto full = refuse_for_waiting(*definition)) {
    if (waits_for_room(a)) return;
    a.answer(*std::move(full));
    return;
  }
  const SagaId id = SagaId::make(now_, random_(), random_());
  StartRequested request;
  request.id = id;
  request.key = std::move(a.key);
  request.input = std::move(a.input);
  request.requester = std::move(a.requester);
  request.not_before =
      a.delay ? std::optional(later(now_, std::min(*a.delay, duration_max))) : a.not_before;
  request.priority = a.priority;
  PayloadTrees trees;
  if (auto refusal = prepare(definition, request, trees)) {
    a.answer(*std::move(refusal));
    return;
  }
  if (auto refusal = start_saga(definition, std::move(request), std::move(trees))) {
    return a.answer(*std::move(refusal));
  }
  open_.starts.push_back({std::move(a.answer), {id, true}});
}

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

// What no participant could carry out would show only when it is wanted: an undo, say.
std::optional<std::string> Coordinator::refused_by_channel(const std::vector<Step>& steps) const {
  for (const Step& step : steps) {
    if (const auto* list = step.as<ForEach>()) {
      if (auto refusal = refused_by_channel({*list->step})) return refusal;
    }
    if (!step.as<Call>()) continue;
    const auto asked = [&](const std::string& action) -> std::optional<std::string> {
      const auto why = channel_.refuses(step.participant, action);
      if (!why) return std::nullopt;
      return fmt::format("step {}: participant {} {}", step.name, step.participant, *why);
    };
    if (auto refusal = asked(step.action)) return refusal;
    if (step.compensation) {
      if (auto refusal = asked(step.compensation->action)) return refusal;
    }
    if (!step.resolve.empty()) {
      if (auto refusal = asked(step.resolve)) return refusal;
    }
  }
  return std::nullopt;
}

void Coordinator::take(DefineArrival& a) {
  const DefinitionPtr known = newest_definition(a.definition->type, a.definition->version);
  const bool is_new = !known || known->digest() != a.definition->digest();
  if (is_new && settings_.mode == Mode::engine) {
    auto refusal = book_.refusal_of(*a.definition, known_definitions());
    if (!refusal) refusal = refused_by_channel(a.definition->steps);
    if (refusal) {
      a.answer(Refusal{Code::wrong_state, *std::move(refusal)});
      return;
    }
  }
  try {
    store().put_definition(a.definition);
  } catch (const Refused& refused) {
    a.answer(Refusal{refused.code(), refused.what()});
    return;
  } catch (const StoreError& error) {
    if (!is_passing(error)) throw;
    a.answer(Refusal{Code::unavailable, error.what()});
    return;
  }
  register_definition(a.definition);
  // What contradicts itself now did so when the engine was opened, and was logged then.
  if (is_new) (void)book_.use(known_definitions());
  a.answer(true);  // It is stored by itself, whatever becomes of the batch.
}

// Each by itself, so that nothing of the batch hangs on it.
void Coordinator::look_after_the_store() {
  const auto carry_out = [](auto& arrival, const auto& work) {
    try {
      arrival.answer(work());
    } catch (const Refused& refused) {
      arrival.answer(Refusal{refused.code(), refused.what()});
    } catch (const StoreError& error) {
      // An old saga that is damaged stops no engine. Whether the disk has failed, which it does not
      // survive, the next commit says.
      const bool damaged = error.kind() == StoreError::Kind::corrupt;
      if (!damaged && !is_passing(error)) throw;
      arrival.answer(Refusal{damaged ? Code::wrong_state : Code::unavailable, error.what()});
    }
  };
  for (PurgeArrival& a : std::exchange(purges_, {})) {
    carry_out(a, [&] { return store().purge(a.slice); });
  }
  for (ReleaseSpaceArrival& a : std::exchange(releases_, {})) {
    carry_out(a, [&] { return store().release_space(a.bytes_max); });
  }
  for (DropDefinitionArrival& a : std::exchange(definition_drops_, {})) {
    carry_out(a, [&] { return drop_definition(a); });
  }
}

// Also one that cannot be used, which nobody here has registered.
bool Coordinator::drop_definition(const DropDefinitionArrival& a) {
  const DefinitionPtr known = newest_definition(a.type, a.version);
  std::optional<Digest> digest;
  if (known) digest = known->digest();
  if (!known) {
    for (const UnusableDefinition& unusable : store().unusable_definitions()) {
      if (unusable.type == a.type && unusable.version == a.version) digest = unusable.digest;
    }
  }
  if (!digest || !store().drop_definition(*digest)) {
    throw Refused(Code::not_found,
                  fmt::format("the store has no definition {} v{}", a.type, a.version));
  }
  if (!known) return true;
  definitions_.erase(*digest);
  const auto versions = by_type_.find(a.type);
  versions->second.erase(a.version);
  if (versions->second.empty()) by_type_.erase(versions);
  (void)book_.use(known_definitions());  // Conflicts that are left were logged before.
  return true;
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
