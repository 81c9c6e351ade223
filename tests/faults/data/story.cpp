#include "story.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/control_request.hpp"
#include "effort.hpp"
#include "skald/definition.hpp"
#include "skald/text.hpp"

namespace skald::faults {

using testing::EdgeData;

namespace {

constexpr std::uint64_t acts_min = 8;
constexpr std::uint64_t acts_spread = 24;
constexpr double neighbour_ms_max = 100;

constexpr const char* neighbour_definition = R"({"saga": "neighbour", "version": 1, "steps": [
  {"name": "a", "participant": "neighbour", "action": "a", "compensation": "u"},
  {"name": "b", "participant": "neighbour", "action": "b", "compensation": "u"}]})";

}  // namespace

Story::Story(const StoryOptions& options, Tally& tally)
    : options_(options),
      tally_(tally),
      edge_(options.seed),
      file_(edge_.chance(25) ? fmt::format("{}/edge-{}.db", options.folder, options.seed) : ""),
      engine_(file_, tally, options.mutant),
      answers_(edge_, tally),
      views_(tally, options.mutant, engine_.damaged()) {}

Story::~Story() {
  if (file_.empty()) return;
  for (const char* tail : {"", "-wal", "-shm", ".lock"}) std::remove((file_ + tail).c_str());
}

void Story::run() {
  ++tally_.stories;
  bool alive = begin();
  for (std::uint64_t i = acts_min + edge_.below(acts_spread); alive && i > 0; --i) alive = act();
  if (alive) (void)finish();
  for (std::size_t i = 0; i < testing::edge_count; ++i) tally_.drawn[i] += edge_.drawn()[i];
}

bool Story::begin() {
  for (const Json& document : {Json::parse(neighbour_definition), EdgeData::child_definition(),
                               EdgeData::brood_definition()}) {
    auto definition = std::make_shared<const Definition>(make_definition(document));
    if (!engine_.turn({DefineArrival{definition, [](const std::variant<bool, Refusal>&) {}}})) {
      return false;
    }
  }
  return define() && start();
}

bool Story::act() {
  using Deeds = bool (Story::*)();
  constexpr std::array<Deeds, 21> deeds{
      &Story::define,  &Story::define,   &Story::start,         &Story::start,
      &Story::start,   &Story::answer,   &Story::answer,        &Story::answer,
      &Story::answer,  &Story::answer,   &Story::request,       &Story::request,
      &Story::request, &Story::stray,    &Story::stray,         &Story::requeue,
      &Story::crash,   &Story::one_shot, &Story::let_time_pass, &Story::let_time_pass,
      &Story::damage};
  if (!(this->*deeds[edge_.below(deeds.size())])()) return false;
  return !edge_.chance(10) || crash();
}

// One arrival and perhaps a neighbour's start before or behind it, in one turn.
bool Story::turn(Arrival arrival, const char* what) {
  tally_.note(what);
  std::vector<Arrival> batch;
  const bool first = edge_.chance(50);
  const bool beside = edge_.chance(50);
  if (beside && first) add_neighbour(batch);
  batch.push_back(std::move(arrival));
  if (beside && !first) add_neighbour(batch);
  if (!engine_.turn(std::move(batch))) return false;
  return work_off();
}

// The neighbour's participant answers at once; other commands wait for answer().
bool Story::work_off() {
  StoryChannel& channel = engine_.channel();
  std::vector<Arrival> arrivals;
  do {
    arrivals.clear();
    while (!channel.sent.empty()) {
      Command command = std::move(channel.sent.front());
      channel.sent.pop_front();
      if (command.participant != "neighbour") {
        unanswered_.push_back(std::move(command));
        continue;
      }
      for (Arrival& answer : Answers::kindly_to(command)) arrivals.push_back(std::move(answer));
    }
    if (!arrivals.empty() && !engine_.turn(std::move(arrivals))) return false;
  } while (!channel.sent.empty());
  views_.look(engine_.store(), engine_.now);
  if (neighbour_) {
    const auto summary = engine_.store().summary(*neighbour_);
    const bool done = summary && summary->status == Status::completed;
    tally_.expect(Rule::E5, done, "a healthy saga does not complete beside the others");
    if (done) tally_.did(Deed::neighbour_completed);
    neighbour_.reset();
  }
  return true;
}

void Story::add_neighbour(std::vector<Arrival>& batch) {
  StartArrival arrival;
  arrival.type = "neighbour";
  arrival.input = JsonText::trusted("{}");
  arrival.answer = [this, meter = EffortMeter()](const std::variant<Started, Refusal>& answer) {
    const Effort waited = meter.read();
    if (waited.ms() > tally_.longest_start.ms()) tally_.longest_start = waited;
    tally_.expect(Rule::E3, waited.ms() <= neighbour_ms_max,
                  fmt::format("another saga's start waits for {} decisions, {} bytes and {} rows",
                              waited.decisions, waited.bytes, waited.rows));
    const auto* started = std::get_if<Started>(&answer);
    tally_.expect(Rule::E3, started != nullptr, "a healthy saga's start is refused");
    if (!started) return;
    tally_.did(Deed::neighbour_started);
    neighbour_ = started->id;
  };
  batch.emplace_back(std::move(arrival));
}

void Story::note_refusal(const Refusal& refusal, Deed deed) {
  tally_.did(deed);
  // A guard caught what nobody had foreseen: the engine lives, and the kind is to be mended.
  tally_.expect(Rule::E1, refusal.message.find("internal error") == std::string::npos,
                "only the guard saved the engine: " + refusal.message);
  tally_.expect(Rule::E4, refusal.message.size() > 3 && is_utf8(refusal.message),
                "a refusal says nothing, or no UTF-8");
}

std::optional<Arrival> Story::parsed(const Json& request) {
  ControlRequest taken;
  try {
    taken = parse_control_request(request).request;
  } catch (const Refused& refused) {
    note_refusal({refused.code(), refused.what()}, Deed::request_refused);
    return std::nullopt;
  } catch (const DefinitionError& error) {
    note_refusal({Refused::Code::invalid, error.what()}, Deed::definition_refused);
    return std::nullopt;
  } catch (const JsonError& error) {
    note_refusal({Refused::Code::invalid, error.what()}, Deed::request_refused);
    return std::nullopt;
  } catch (const std::exception& error) {
    tally_.expect(Rule::E1, false,
                  fmt::format("reading a request throws what no caller expects: {}", error.what()));
    return std::nullopt;
  }
  return std::visit(
      []<typename T>(T& one) -> std::optional<Arrival> {
        if constexpr (std::is_constructible_v<Arrival, T&&>) return Arrival{std::move(one)};
        return std::nullopt;
      },
      taken);
}

}  // namespace skald::faults
