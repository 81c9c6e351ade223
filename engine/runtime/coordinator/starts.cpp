// Starts, and the business keys that they take.
#include <fmt/format.h>

#include <algorithm>

#include "coordinator/coordinator.hpp"
#include "saga/entry_check.hpp"

namespace skald {
namespace {

using Code = Refused::Code;

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

// A saga of this definition may have the key of one that has ended, if the definition says so.
bool Coordinator::gives_key_up(const Definition& definition, const SagaId& holder) {
  if (definition.key_reuse != KeyReuse::after_end) return false;
  if (const LiveSaga* saga = live(holder)) {
    return is_end(saga->saga.status) && saga->saga.holds_key;
  }
  const auto summary = store().summary(holder);  // Its history is damaged.
  return summary && is_end(summary->status) && summary->holds_key;
}

std::optional<Refusal> Coordinator::hand_key_over(const SagaId& holder, const SagaId& to) {
  if (LiveSaga* saga = live(holder)) return apply(*saga, KeyWanted{to});
  SagaSummary summary = *store().summary(holder);
  summary.holds_key = false;
  append_unread(open_.batch, std::move(summary), KeyHandedOver{to});
  return std::nullopt;
}

void Coordinator::answer_with_holder(StartArrival& a, const SagaId& holder) {
  // What it was started with stays, so that one need not wait for its commit.
  const auto known = live_.find(holder);
  const LiveSaga* saga = known != live_.end() ? &known->second : live(holder);
  if (saga && same_value(saga->saga.input, a.input)) {
    open_.starts.push_back({std::move(a.answer), {holder, false}});
    return;
  }
  const char* const why = saga ? "which has other input"
                               : "whose history is damaged: look at it with `skald store check`";
  a.answer(Refusal{Code::key_conflict,
                   fmt::format("key {} is taken by saga {}, {}", *a.key, holder.to_string(), why)});
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
  std::optional<SagaId> ended_holder;
  if (a.key) {
    if (const auto holder = key_holder({a.type, *a.key})) {
      if (!gives_key_up(*definition, *holder)) return answer_with_holder(a, *holder);
      ended_holder = holder;
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
  if (ended_holder) {
    if (auto refusal = hand_key_over(*ended_holder, id)) return a.answer(*std::move(refusal));
  }
  if (auto refusal = start_saga(definition, std::move(request), std::move(trees))) {
    return a.answer(*std::move(refusal));
  }
  open_.starts.push_back({std::move(a.answer), {id, true}});
}

}  // namespace skald
