#include "dialogue_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "skald/expansion.hpp"
#include "skald/view.hpp"

namespace skald::testing {
namespace {

// Of one moment, and of one wait: beyond that the engine goes round in circles.
constexpr int rounds_max = 10'000;

const char* name_of(Direction direction) {
  switch (direction) {
    case Direction::action: return "command";
    case Direction::compensate: return "compensation";
    case Direction::resolve: return "resolve";
  }
  return "command";
}

std::string describe(const Command& command) {
  return fmt::format("the {} of {} (attempt {})", name_of(command.id.direction), command.id.step,
                     command.id.attempt);
}

}  // namespace

void Ear::send(std::vector<Command> commands) {
  heard.insert(heard.end(), commands.begin(), commands.end());
  fresh.insert(fresh.end(), commands.begin(), commands.end());
}

Dialogue::Stage::Stage(Definition definition)
    : definition_(std::make_shared<const Definition>(std::move(definition))) {
  open();
  define(definition_);
}

void Dialogue::Stage::open() {
  store_ = std::make_unique<MemoryStore>(disk_);
  coordinator_ = std::make_unique<Coordinator>(*store_, ear_, Coordinator::Settings{});
  coordinator_->recover(now_);
  std::vector<Arrival> ready;
  ready.emplace_back(RoomArrival{});
  process(std::move(ready));
}

void Dialogue::Stage::process(std::vector<Arrival> arrivals) {
  for (int round = 0; round < rounds_max; ++round) {
    // Commands are on their way as soon as they are sent; the next batch says so.
    for (const Command& command : std::exchange(ear_.fresh, {})) {
      arrivals.emplace_back(SentArrival{command.id.saga, command.attempt});
    }
    coordinator_->process(std::exchange(arrivals, {}), now_);
    const auto due = next_due();
    if (ear_.fresh.empty() && (!due || *due > now_)) return;
  }
  fail("the engine to come to rest", "it went on and on");
}

void Dialogue::Stage::move_to(Time time) {
  now_ = std::max(now_, time);
  process({});
}

template <typename T, typename Make>
T Dialogue::Stage::ask(Make make) {
  std::optional<std::variant<T, Refusal>> answered;
  std::vector<Arrival> arrivals;
  arrivals.emplace_back(make(
      Answer<T>{[&answered](std::variant<T, Refusal> answer) { answered = std::move(answer); }}));
  process(std::move(arrivals));
  if (!answered) fail("an answer of the engine", "there was none");
  if (const auto* refusal = std::get_if<Refusal>(&*answered)) {
    throw Refused(refusal->code, refusal->message);
  }
  return std::get<T>(*std::move(answered));
}

void Dialogue::Stage::define(DefinitionPtr definition) {
  (void)ask<bool>([&](Answer<bool> answer) {
    return DefineArrival{std::move(definition), std::move(answer)};
  });
}

void Dialogue::Stage::start(const Json& input) {
  if (!id_.empty()) fail("one start of the saga", "it was started again");
  id_ = ask<Started>([&](Answer<Started> answer) {
          StartArrival start;
          start.type = definition_->type;
          start.version = definition_->version;
          start.input = JsonText::of(input);
          start.answer = std::move(answer);
          return start;
        }).id;
}

void Dialogue::Stage::request(Input input, std::string_view step) {
  (void)ask<RequestOutcome>([&](Answer<RequestOutcome> answer) {
    return RequestArrival{id(), std::string(step), std::move(input), std::move(answer)};
  });
}

void Dialogue::Stage::take(Direction direction, std::string_view step, const Json* input) {
  const auto found = std::find_if(ear_.heard.begin(), ear_.heard.end(), [&](const Command& c) {
    return c.id.direction == direction && c.id.step == step;
  });
  const std::string expected = fmt::format("the {} of {}", name_of(direction), step);
  if (found == ear_.heard.end()) fail(expected, instead());
  if (input) {
    const Json sent = found->body.value().value("input", Json());
    if (sent != *input) {
      fail(fmt::format("{} with the input {}", expected, input->dump()),
           "its input is " + sent.dump());
    }
  }
  taken_.push_back(std::move(*found));
  ear_.heard.erase(found);
}

void Dialogue::Stage::expect_nothing() const {
  if (!ear_.heard.empty()) fail("nothing more to be sent", instead());
}

void Dialogue::Stage::reply(std::string_view step, const Outcome& outcome) {
  const auto found = std::find_if(taken_.rbegin(), taken_.rend(),
                                  [&](const Command& c) { return c.id.step == step; });
  if (found == taken_.rend()) fail(fmt::format("a command of {} to answer", step), instead());
  reply_to(*found, outcome);
}

void Dialogue::Stage::reply_to(const Command& command, const Outcome& outcome) {
  std::vector<Arrival> arrivals;
  arrivals.emplace_back(ConfirmedArrival{command.position, command.id.saga, command.attempt});
  arrivals.emplace_back(ReplyArrival{{command.id.saga, command.attempt, {}, outcome, 0}});
  process(std::move(arrivals));
}

void Dialogue::Stage::expect_timeout() {
  const Command command = last_taken();
  const std::string expected = describe(command) + " to time out";
  if (!is_under_way(command)) fail(expected, "nobody waits for its answer any more");
  for (int round = 0; round < rounds_max && next_due(); ++round) {
    move_to(*next_due());
    if (!is_under_way(command)) return;
  }
  fail(expected, "it is waited for without end");
}

void Dialogue::Stage::let_time_pass(Duration time) {
  const Time until = now_ + time;
  while (next_due() && *next_due() <= until) move_to(*next_due());
  move_to(until);
}

void Dialogue::Stage::crash() {
  coordinator_.reset();
  ear_.heard.clear();
  ear_.fresh.clear();
  open();
}

void Dialogue::Stage::expect_status(Status expected) const {
  const Status status = saga().status;
  if (status == expected) return;
  fail(fmt::format("the saga to be {}", to_string(expected)),
       fmt::format("it is {}", to_string(status)));
}

std::string Dialogue::Stage::why() const {
  const auto rows = store_->journal(id());
  const Saga saga = fold(rows);
  // The saga's steps are those that its `for_each` became; it was started, so its input fits.
  const auto effective = effective_definition(definition_, saga.input);
  const auto& definition = *std::get<DefinitionPtr>(effective);
  return skald::why(SecretMask(definition, saga), saga, rows, now_);
}

const SagaId& Dialogue::Stage::id() const {
  if (id_.empty()) throw ExpectationNotMet("the saga of this dialogue has not been started yet");
  return id_;
}

const Command& Dialogue::Stage::last_taken() const {
  if (taken_.empty()) fail("a command that was taken, by expect_command()", instead());
  return taken_.back();
}

bool Dialogue::Stage::is_under_way(const Command& command) const {
  const Saga saga = fold(store_->journal(command.id.saga));
  const Attempts& attempts = saga.steps.at(command.attempt.step).of(command.id.direction);
  return attempts.outstanding && attempts.made == command.attempt.attempt;
}

std::string Dialogue::Stage::instead() const {
  if (ear_.heard.empty()) return "nothing was sent";
  std::string text;
  for (const Command& command : ear_.heard) {
    text += (text.empty() ? "" : " and ") + describe(command);
  }
  return text + (ear_.heard.size() == 1 ? " was sent" : " were sent");
}

void Dialogue::Stage::fail(const std::string& expected, const std::string& instead) const {
  const std::string reason = id_.empty() ? "it has not been started yet" : why();
  throw ExpectationNotMet(
      fmt::format("expected {}, but {}. The saga: {}", expected, instead, reason));
}

}  // namespace skald::testing
