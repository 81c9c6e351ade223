#include "scripted_channel.hpp"

#include <doctest/doctest.h>

namespace skald::testing {

const char* const order_definition = R"({
  "saga": "order", "version": 1,
  "defaults": {"timeout": "5s",
    "retry": {"max_attempts": 3, "initial_delay": "1s", "multiplier": 2, "jitter": "none"},
    "compensation_retry": {"max_attempts": 2, "initial_delay": "1s", "jitter": "none"}},
  "steps": [
    {"name": "reserve", "participant": "inventory", "action": "reserve", "compensation": "release"},
    {"name": "charge", "participant": "payment", "action": "charge", "compensation": "refund"},
    {"name": "ship", "participant": "shipping", "action": "schedule", "kind": "pivot"}]})";

void ScriptedChannel::send(std::vector<Command> commands) {
  for (Command& command : commands) sent.push_back(std::move(command));
}

void ScriptedChannel::receipt(const std::vector<std::uint64_t>& receipts) {
  receipted.insert(receipted.end(), receipts.begin(), receipts.end());
}

Command ScriptedChannel::take() {
  REQUIRE_FALSE(sent.empty());
  Command command = std::move(sent.front());
  sent.pop_front();
  return command;
}

Engine::Engine(const char* definition, PoliciesByName participants, std::size_t cached_sagas_limit)
    : definition_(std::make_shared<const Definition>(parse_definition(definition))),
      participants_(std::move(participants)),
      cached_sagas_limit_(cached_sagas_limit) {
  open(Mode::engine);
  tell(DefineArrival{definition_, [](const std::variant<bool, Refusal>&) {}});
}

std::string Engine::define(const char* definition) {
  std::string message;
  tell(DefineArrival{std::make_shared<const Definition>(parse_definition(definition)),
                     [&message](const std::variant<bool, Refusal>& answer) {
                       if (const auto* r = std::get_if<Refusal>(&answer)) message = r->message;
                     }});
  return message;
}

void Engine::open(Mode mode) {
  store = std::make_unique<MemoryStore>(disk);
  Coordinator::Settings settings;
  settings.mode = mode;
  settings.id_seed = 7;
  settings.waiting_sagas_limit = waiting_sagas_limit;
  settings.log = [this](LogLevel, std::string_view text) { log.emplace_back(text); };
  settings.policy_observer = [this](const BreakerChanged& c) { breaker_changes.push_back(c); };
  settings.participants = participants_;
  settings.committer = committer;
  settings.guarded = guarded;
  settings.cached_sagas_limit = cached_sagas_limit_;
  coordinator_ = std::make_unique<Coordinator>(*store, channel, settings);
  coordinator_->recover(now);
  coordinator_->process({RoomArrival{}}, now);
}

void Engine::crash(Mode next) {
  coordinator_.reset();
  channel.sent.clear();
  channel.withdrawn.clear();
  open(next);
}

StartArrival Engine::start_arrival(std::optional<std::string> key, const Json& input, SagaId* id) {
  StartArrival arrival;
  arrival.type = definition_->type;
  arrival.key = std::move(key);
  arrival.input = JsonText::of(input);
  arrival.answer = [id](const std::variant<Started, Refusal>& answer) {
    if (const auto* started = std::get_if<Started>(&answer)) *id = started->id;
  };
  return arrival;
}

Started Engine::start(std::optional<std::string> key, const Json& input) {
  std::optional<std::variant<Started, Refusal>> answered;
  StartArrival arrival = start_arrival(std::move(key), input, nullptr);
  arrival.answer = [&answered](std::variant<Started, Refusal> answer) {
    answered = std::move(answer);
  };
  tell(std::move(arrival));
  REQUIRE(answered);
  if (const auto* refusal = std::get_if<Refusal>(&*answered)) {
    throw Refused(refusal->code, refusal->message);
  }
  return std::get<Started>(*answered);
}

ReplyArrival Engine::reply(const Command& command, Outcome outcome, std::uint64_t receipt) {
  return {Reply{command.id.saga, command.attempt, {}, std::move(outcome), receipt}};
}

std::string Engine::request(const SagaId& id, Input input, const std::string& step) {
  std::optional<std::variant<RequestOutcome, Refusal>> answered;
  tell(RequestArrival{
      id, step, std::move(input),
      [&answered](std::variant<RequestOutcome, Refusal> answer) { answered = std::move(answer); }});
  REQUIRE(answered);
  const auto* refusal = std::get_if<Refusal>(&*answered);
  return refusal ? refusal->message : std::string{};
}

Saga Engine::saga(const SagaId& id) { return fold(store->journal(id)); }

}  // namespace skald::testing
