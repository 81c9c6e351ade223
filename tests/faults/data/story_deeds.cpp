// What a story does: definitions, starts, requests, answers, messages, time, crashes.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/control_request.hpp"
#include "skald/definition.hpp"
#include "skald/text.hpp"
#include "story.hpp"

namespace skald::faults {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t answers_at_once = 40;

// The parts of a definition that tell which kind it is, for the note of what was being done.
std::string gist(const Json& document) {
  const std::string text = dump_json(document);
  const bool steps = document.is_object() && document.contains("steps");
  return fmt::format("{} bytes {}", text.size(),
                     (steps ? dump_json(document.at("steps")) : text).substr(0, 90));
}

}  // namespace

bool Story::define() {
  const std::string name = fmt::format("edge-{}", types_.size());
  Json document = edge_.definition(name);
  tally_.note("define " + gist(document));
  const std::string text = dump_json(document);
  DefinitionPtr definition;
  try {
    definition = std::make_shared<const Definition>(edge_.chance(50) ? parse_definition(text)
                                                                     : make_definition(document));
  } catch (const DefinitionError& error) {
    note_refusal({Refused::Code::invalid, error.what()}, Deed::definition_refused);
    return true;
  } catch (const std::exception& error) {
    tally_.expect(Rule::E1, false, fmt::format("reading a definition throws: {}", error.what()));
    return true;
  }
  bool accepted = false;
  const Digest digest = definition->digest();
  const auto answer = [this, &accepted](const std::variant<bool, Refusal>& answered) {
    accepted = std::holds_alternative<bool>(answered);
    if (!accepted) note_refusal(std::get<Refusal>(answered), Deed::definition_refused);
  };
  if (!turn(DefineArrival{std::move(definition), answer}, tally_.doing.data())) return false;
  if (!accepted) return true;
  tally_.did(Deed::definition_accepted);
  types_.push_back({document.value("saga", name), std::move(document)});
  accepted_.push_back(digest);
  return !edge_.chance(50) || crash();
}

bool Story::start() {
  if (types_.empty()) return true;
  const std::size_t index = edge_.below(types_.size());
  const Type& type = types_[index];
  const Json input = edge_.input_for(type.document);
  tally_.note("start " + gist(type.document));
  std::optional<Arrival> arrival;
  if (edge_.chance(50)) {
    edge_.note(testing::Edge::request_start);
    Json request{{"verb", "start"}, {"type", type.name}, {"input", input}};
    if (edge_.chance(50)) request["key"] = edge_.text();
    if (edge_.chance(20)) request["by"] = edge_.text();
    if (edge_.chance(10)) request["delay"] = edge_.duration_text();
    if (edge_.chance(10)) request["not_before"] = edge_.time_text();
    arrival = parsed(request);
  } else {
    StartArrival start;
    start.type = type.name;
    try {
      start.input = JsonText::of(input);
    } catch (const JsonError& error) {
      note_refusal({Refused::Code::invalid, error.what()}, Deed::start_refused);
      return true;
    }
    if (edge_.chance(50)) start.key = edge_.text();
    if (edge_.chance(10)) start.delay = edge_.duration();
    if (edge_.chance(10)) start.not_before = edge_.time();
    arrival = std::move(start);
  }
  if (!arrival) return true;
  std::get<StartArrival>(*arrival).answer = [this,
                                             index](const std::variant<Started, Refusal>& answer) {
    if (const auto* started = std::get_if<Started>(&answer)) {
      tally_.did(Deed::start_accepted);
      ++tally_.sagas;
      sagas_.emplace_back(started->id, index);
    } else {
      note_refusal(std::get<Refusal>(answer), Deed::start_refused);
    }
  };
  return turn(*std::move(arrival), tally_.doing.data());
}

bool Story::request() {
  if (sagas_.empty()) return true;
  const auto& [id, type] = sagas_[edge_.below(sagas_.size())];
  const Json request = edge_.request(id, types_[type].document);
  tally_.note(fmt::format("request {}", dump_json(request).substr(0, 60)) + " of " +
              gist(types_[type].document));
  auto arrival = parsed(request);
  if (!arrival) return true;
  const auto note = [this](const auto& answer) {
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
      note_refusal(*refusal, Deed::request_refused);
    } else {
      tally_.did(Deed::request_accepted);
    }
  };
  std::visit(
      [&note](auto& one) {
        if constexpr (requires { one.answer = note; }) one.answer = note;
      },
      *arrival);
  if (auto* replay = std::get_if<ReplayArrival>(&*arrival)) {
    replay->answer = [this, note, of = type](const std::variant<SagaId, Refusal>& answer) {
      note(answer);
      if (const auto* started = std::get_if<SagaId>(&answer)) sagas_.emplace_back(*started, of);
    };
  }
  return turn(*std::move(arrival), tally_.doing.data());
}

bool Story::answer() {
  for (std::size_t i = 0; i < answers_at_once && !unanswered_.empty(); ++i) {
    const Command command = std::move(unanswered_.front());
    unanswered_.pop_front();
    tally_.note(fmt::format("answer {} {}", command.action, command.body.text().substr(0, 90)));
    std::vector<Arrival> arrivals = answers_.to(command, engine_.now);
    Arrival last = std::move(arrivals.back());
    arrivals.pop_back();
    if (!engine_.turn(std::move(arrivals)) || !turn(std::move(last), tally_.doing.data())) {
      return false;
    }
    if (edge_.chance(15)) break;
  }
  return true;
}

bool Story::stray() {
  if (unanswered_.empty()) return true;
  const Command& command = unanswered_[edge_.below(unanswered_.size())];
  return turn(answers_.stray(command, engine_.now), "a stray message");
}

bool Story::requeue() {
  for (const QuarantinedMessage& message : engine_.store().quarantine(0, 20)) {
    const bool shown = is_utf8(message.saga) && is_utf8(message.detail) && is_utf8(message.reason);
    tally_.expect(Rule::E2, shown, "a quarantined message cannot be shown");
    tally_.note("requeue " + message.reason);
    RequeueQuarantinedArrival arrival{message.number, {edge_.text(), edge_.text()}, {}};
    arrival.answer = [this](const std::variant<RequeueOutcome, Refusal>& answer) {
      if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        note_refusal(*refusal, Deed::requeue_refused);
      } else {
        tally_.did(Deed::message_requeued);
      }
    };
    if (!turn(std::move(arrival), tally_.doing.data())) return false;
  }
  return true;
}

bool Story::let_time_pass() {
  tally_.note("time passes");
  const Duration limit = edge_.chance(20) ? Duration(24h * 365 * 400) : Duration(24h);
  for (int i = 0; i < 10; ++i) {
    if (!engine_.advance(engine_.now + limit)) break;
    if (!turn(RoomArrival{}, "time passes")) return false;
  }
  return true;
}

bool Story::crash() {
  const std::string before(tally_.doing.data());
  tally_.note("reopen after " + before);
  unanswered_.clear();  // They are sent again, since nobody confirmed them, or time out.
  if (!engine_.crash()) return false;
  for (const Digest& digest : accepted_) {
    tally_.expect(Rule::E2, engine_.store().definition(digest) != nullptr,
                  "a definition that was accepted is gone");
  }
  views_.look_again(engine_.store(), engine_.now);
  return work_off();
}

// The disk has lost a part of a saga's journal, which is noticed when it is read again.
bool Story::damage() {
  if (sagas_.empty() || !edge_.chance(20)) return true;
  engine_.damage(sagas_[edge_.below(sagas_.size())].first);
  tally_.did(Deed::saga_damaged);
  return crash();
}

bool Story::one_shot() {
  if (sagas_.empty()) return start();
  const auto& [id, type] = sagas_[edge_.below(sagas_.size())];
  const Json request = edge_.request(id, types_[type].document);
  tally_.note("one-shot " + dump_json(request).substr(0, 100));
  auto arrival = parsed(request);
  if (!arrival) return true;
  std::visit(
      [](auto& one) {
        if constexpr (requires { one.answer({}); }) one.answer = [](const auto&) {};
      },
      *arrival);
  unanswered_.clear();
  return engine_.one_shot(*std::move(arrival)) && work_off();
}

// In the end an operator ends what has not ended, with the engine up or down.
bool Story::finish() {
  constexpr int rounds_max = 12;  // Children of abandoned sagas go on by themselves.
  for (int round = 0; round < rounds_max; ++round) {
    std::vector<SagaId> open;
    engine_.store().each_unfinished([&open](const SagaSummary& s) { open.push_back(s.id); });
    if (open.empty()) break;
    for (const SagaId& id : open) {
      tally_.note("abandon");
      if (!end(id)) return false;
    }
  }
  std::size_t left = 0;
  engine_.store().each_unfinished([&left](const SagaSummary&) { ++left; });
  tally_.expect(Rule::E4, left == 0, "a saga cannot be ended by an operator");
  return crash();
}

bool Story::end(const SagaId& id) {
  RequestArrival arrival{id, {}, AbandonRequested{{"ann", "the end"}}, {}};
  arrival.answer = [this](const std::variant<RequestOutcome, Refusal>& answer) {
    const auto* refusal = std::get_if<Refusal>(&answer);
    tally_.expect(Rule::E4, !refusal,
                  "a saga cannot be abandoned: " + (refusal ? refusal->message : std::string()));
  };
  const auto summary = engine_.store().summary(id);
  if (!summary || is_end(summary->status)) return true;
  if (edge_.chance(10)) return engine_.one_shot(std::move(arrival)) && work_off();
  return engine_.turn({std::move(arrival)}) && work_off();
}

}  // namespace skald::faults
