// Clients and operators: they start, ask and, when all has healed, help what is stuck.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "world.hpp"

namespace skald::testing {
namespace {

constexpr Duration client_pause{150};
constexpr int client_tries = 100;
constexpr int rounds_granted = 3;
constexpr int helps_max = 40;

Input input_for(Verb verb, const Given& given) {
  const Requester& who = given.requester;
  switch (verb) {
    case Verb::resume: return ResumeRequested{who, no_step, given.patch};
    case Verb::retry: return RetryRequested{who, no_step};
    case Verb::skip: return SkipRequested{who, no_step, SkipRequested::As::skipped, {}};
    case Verb::skip_as_succeeded:
      return SkipRequested{who, no_step, SkipRequested::As::succeeded, {}};
    case Verb::skip_as_rejected:
      return SkipRequested{who, no_step, SkipRequested::As::rejected, {}};
    case Verb::skip_as_compensated:
      return SkipRequested{who, no_step, SkipRequested::As::compensated, {}};
    case Verb::cancel: return CancelRequested{who};
    case Verb::pause: return PauseRequested{who};
    case Verb::abandon: return AbandonRequested{who};
    case Verb::signal: return SignalReceived{"go", given.data, who, given.signal_id};
    case Verb::replay: break;  // Not a request to one saga.
  }
  return Woken{};
}

constexpr const char* verb_names[verb_count] = {"resume",
                                                "retry",
                                                "skip",
                                                "skip --as succeeded",
                                                "skip --as rejected",
                                                "skip --as compensated",
                                                "cancel",
                                                "pause",
                                                "abandon",
                                                "replay",
                                                "signal go"};

}  // namespace

const char* to_string(Verb verb) { return verb_names[static_cast<std::size_t>(verb)]; }

void World::schedule_plan() {
  for (std::size_t i = 0; i < plan_.starts.size(); ++i) {
    agenda_.after(plan_.starts[i].at, [this, i] { start(i); });
  }
  for (const PlannedRequest& planned : plan_.requests) {
    agenda_.after(planned.at, [this, &planned] { request(planned); });
  }
  constexpr std::size_t shortages = 4;
  for (std::size_t i = 0; i < shortages; ++i) schedule_shortage(i);
  agenda_.after(plan_.calm_at, [this] {
    accidents_.heal();
    channel_.heal();
    busy_until_ = {};
    trace_.note([] { return "--- from now on all goes well ---"; });
  });
}

// A participant has no room for a while.
void World::schedule_shortage(std::size_t number) {
  const Label occasion = mix(number, 31);
  if (!accidents_.happens(Accident::no_room, occasion)) return;
  const auto& steps = plan_.definitions[number % plan_.definitions.size()]->steps;
  const std::string participant =
      steps[accidents_.pick(mix(occasion, 1), steps.size())].participant;
  const auto span = static_cast<std::uint64_t>(plan_.calm_at.count());
  const Duration from{accidents_.pick(mix(occasion, 2), span)};
  const Duration to = from + Duration{accidents_.pick(mix(occasion, 3), span)};
  agenda_.after(from, [this, participant] { set_room(participant, false); });
  agenda_.after(std::min(to, plan_.calm_at), [this, participant] { set_room(participant, true); });
}

void World::set_room(const std::string& participant, bool room) {
  trace_.note([&] { return participant + (room ? " has room" : " has no room"); });
  channel_.set_room(participant, room);
}

void World::retry_start(std::size_t number) {
  if (++clients_[number].tries > client_tries) return;
  agenda_.after(client_pause, [this, number] { start(number); });
}

void World::start(std::size_t number) {
  Client& client = clients_[number];
  if (client.done) return;
  if (!life_ && !becomes_owner(mix(number, static_cast<std::uint64_t>(client.tries), 42))) {
    retry_start(number);
    return;
  }
  client.waiting = true;
  if (life_) {
    inbox_.push_back(start_arrival(number));
    return;
  }
  checker_.happenings().note(Happening::momentary_start);
  own_for(start_arrival(number));
  // As with any start that nobody answered, because its owner died.
  if (std::exchange(client.waiting, false) && plan_.starts[number].key) retry_start(number);
}

Arrival World::start_arrival(std::size_t number) {
  const PlannedStart& planned = plan_.starts[number];
  StartArrival arrival;
  arrival.type = planned.type;
  arrival.key = planned.key;
  arrival.input = planned.input;
  arrival.delay = sabotage_ ? sabotage_->delayed(planned.delay) : planned.delay;
  arrival.answer = [this, number](const std::variant<Started, Refusal>& answer) {
    Client& asked = clients_[number];
    asked.waiting = false;
    if (const auto* started = std::get_if<Started>(&answer)) {
      asked.done = true;
      trace_.note([&] { return "started " + started->id.to_string(); });
      checker_.acknowledged({plan_.starts[number].key, plan_.starts[number].delay}, started->id);
      return;
    }
    const Refusal& refusal = std::get<Refusal>(answer);
    trace_.note([&] { return "start refused: " + refusal.message; });
    const bool crowd = refusal.message.find("max_waiting") != std::string::npos;
    if (crowd) checker_.happenings().note(Happening::start_refused);
    retry_start(number);
  };
  return arrival;
}

void World::request(const PlannedRequest& planned) {
  const auto saga = checker_.started_by(hash_of(planned.input.text()));
  if (!saga) return;
  ask(checker_.kin_of(*saga, planned.kin), planned.verb, planned.step, planned.given);
}

void World::ask(const SagaId& saga, Verb verb, const std::string& step, const Given& given) {
  if (life_) {
    inbox_.push_back(asking(saga, verb, step, given));
  } else if (becomes_owner(mix(++counts_.unheard, 43))) {
    checker_.happenings().note(Happening::momentary_request);
    own_for(asking(saga, verb, step, given));
  }
}

Arrival World::asking(const SagaId& saga, Verb verb, const std::string& step, const Given& given) {
  ++counts_.requests;
  trace_.note([&] {
    const Witness* witness = checker_.find(saga);
    return fmt::format("operator: {} {} {}", to_string(verb), step,
                       witness ? witness->path.name() : "");
  });
  const auto note = [this](const Refusal& refusal) {
    ++counts_.refused;
    trace_.note([&] { return "  refused: " + refusal.message; });
  };
  if (verb == Verb::replay) {
    return ReplayArrival{saga,
                         step,
                         given.patch,
                         {},
                         false,
                         {given.requester.by, ""},
                         [note](const std::variant<SagaId, Refusal>& answer) {
                           const auto* refusal = std::get_if<Refusal>(&answer);
                           if (refusal) note(*refusal);
                         }};
  }
  return RequestArrival{saga, step, input_for(verb, given),
                        [note](const std::variant<RequestOutcome, Refusal>& answer) {
                          const auto* refusal = std::get_if<Refusal>(&answer);
                          if (refusal) note(*refusal);
                        }};
}

// Operators help once all is quiet; false when there is nothing they can help.
bool World::tend() {
  if (!life_) return false;
  bool helped = false;
  for (const auto& [id, witness] : checker_.sagas()) helped = tend(witness) || helped;
  return helped;
}

bool World::tend(const Witness& witness) {
  const Saga& saga = witness.path.saga();
  if (is_end(saga.status) || (!saga.paused && saga.status != Status::stuck)) return false;
  const int times = ++tended_[saga.id];
  if (times > helps_max) return false;
  const bool somewhere = saga.stuck && saga.stuck->step != no_step;
  if (saga.paused || times <= rounds_granted || !somewhere) {
    ask(saga.id, times <= 2 * rounds_granted ? Verb::resume : Verb::abandon, {});
    return true;
  }
  const bool back = saga.stuck->resumes_to == Status::compensating;
  ask(saga.id, back ? Verb::skip_as_compensated : Verb::skip_as_succeeded,
      witness.path.definition().steps[saga.stuck->step].name);
  return true;
}

}  // namespace skald::testing
