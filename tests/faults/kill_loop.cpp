#include "kill_loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "skald/sqlite_reader.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds ready_limit{30};
// Every so many lives, one more engine dies while it opens the store.
constexpr std::uint64_t opening_kill_every = 5;
constexpr Duration quiet_limit{60'000};
constexpr Duration quiet_limit_mutant{4'000};

}  // namespace

KillLoop::KillLoop(LoopOptions options, Files files, Findings& findings)
    : options_(std::move(options)),
      files_(std::move(files)),
      findings_(findings),
      random_(options_.seed),
      prefix_(fmt::format("faults.{}.{}", ::getpid(), options_.seed)),
      started_(options_.sagas) {}

void KillLoop::run() {
  if (!options_.rabbitmq.empty()) {
    for (const char* name : participant_names) {
      participants_.emplace(name, start_participant(name));
    }
  }
  for (std::uint64_t life = 0; life < options_.kills; ++life) {
    const std::uint64_t goal = options_.sagas * (life + 1) / options_.kills;
    if (life % opening_kill_every == opening_kill_every - 1) die_while_opening(goal);
    live_and_die(goal);
  }
  live_until_quiet();
  for (auto& [name, participant] : participants_) (void)participant.finish();
}

void KillLoop::live_and_die(std::uint64_t goal) {
  Process engine = start_engine(goal, false);
  if (await_ready(engine)) {
    const Moment ready = steady_clock::now();
    const milliseconds life = draw(20, 250);
    if (!participants_.empty()) {
      take_lines(engine, ready + draw(0, static_cast<int>(life.count())));
      kill_participant();
    }
    take_lines(engine, ready + life);
  }
  expect_alive(engine);
  for (const std::string& line : engine.kill()) take(line);
  ++counts_.engine_kills;
  count_open_sagas();
}

void KillLoop::die_while_opening(std::uint64_t goal) {
  Process engine = start_engine(goal, false);
  take_lines(engine, steady_clock::now() + draw(1, 40));
  for (const std::string& line : engine.kill()) take(line);
  ++counts_.opening_kills;
}

void KillLoop::live_until_quiet() {
  const Moment began = steady_clock::now();
  Process engine = start_engine(options_.sagas, true);
  const Duration patience =
      2 * (options_.mutant == Mutant::none ? quiet_limit : quiet_limit_mutant);
  take_lines(engine, began + ready_limit + patience);
  findings_.expect(
      Invariant::I15, quiet_, "not quiet after {} s: see {}",
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - began).count(),
      log("engine"));
  counts_.until_quiet = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  if (!quiet_) return;
  findings_.expect(Invariant::I15, engine.finish() == 0, "the last engine did not end well: see {}",
                   log("engine"));
  findings_.expect(Invariant::I1, first_missing() == options_.sagas,
                   "saga {} was never acknowledged", first_missing());
}

void KillLoop::kill_participant() {
  const std::string name = participant_names[random_() % participant_names.size()];
  const auto found = participants_.find(name);
  (void)found->second.kill();
  participants_.erase(found);
  participants_.emplace(name, start_participant(name));
  ++counts_.participant_kills;
}

void KillLoop::count_open_sagas() {
  SagaFilter open;
  open.statuses = {Status::pending, Status::running, Status::compensating};
  SqliteReader reader(files_.store());
  if (reader.count(open) > 0) ++counts_.with_sagas_open;
}

Process KillLoop::start_engine(std::uint64_t goal, bool until_quiet) {
  auto words = arguments("--engine");
  const Duration limit = options_.mutant == Mutant::none ? quiet_limit : quiet_limit_mutant;
  words.insert(words.end(), {"--first", std::to_string(first_missing()), "--end",
                             std::to_string(goal), "--quiet-limit", std::to_string(limit.count())});
  if (until_quiet) words.emplace_back("--until-quiet");
  return Process(words, log("engine"));
}

Process KillLoop::start_participant(const std::string& name) {
  auto words = arguments("--participant");
  words.insert(words.begin() + 1, name);
  return Process(words, log(name));
}

std::vector<std::string> KillLoop::arguments(const std::string& role) const {
  std::vector<std::string> words{role,
                                 "--directory",
                                 files_.directory,
                                 "--seed",
                                 std::to_string(options_.seed),
                                 "--mutant",
                                 to_string(options_.mutant)};
  if (!options_.rabbitmq.empty()) {
    words.insert(words.end(), {"--rabbitmq", options_.rabbitmq, "--prefix", prefix_});
  }
  return words;
}

std::string KillLoop::log(const std::string& name) const {
  return files_.directory + "/" + name + ".log";
}

bool KillLoop::await_ready(Process& engine) {
  const Moment until = steady_clock::now() + ready_limit;
  while (auto line = engine.line(until)) {
    if (*line == "ready") return true;
    take(*line);
  }
  findings_.expect(Invariant::I15, false, "an engine did not get ready: see {}", log("engine"));
  return false;
}

void KillLoop::take_lines(Process& engine, Moment until) {
  while (!quiet_) {
    const auto line = engine.line(until);
    if (!line) return;
    take(*line);
  }
}

void KillLoop::take(const std::string& line) {
  std::istringstream words(line);
  std::string fact;
  words >> fact;
  if (fact == "quiet") quiet_ = true;
  if (fact == "resumed") words >> counts_.resumed;
  if (fact != "started") return;
  std::uint64_t number = 0;
  std::string text;
  words >> number >> text;
  const SagaId id = SagaId::parse(text).value_or(SagaId{});
  const auto [known, fresh] = acknowledged_.emplace(key_of(number), id);
  if (!fresh) ++counts_.starts_repeated;
  findings_.expect(Invariant::I1, known->second == id, "{} was acknowledged as {} and as {}",
                   known->first, known->second.to_string(), id.to_string());
  started_.at(number) = true;
}

std::uint64_t KillLoop::first_missing() const {
  return static_cast<std::uint64_t>(std::find(started_.begin(), started_.end(), false) -
                                    started_.begin());
}

milliseconds KillLoop::draw(int from_ms, int to_ms) {
  return milliseconds{std::uniform_int_distribution<int>(from_ms, to_ms)(random_)};
}

void KillLoop::expect_alive(const Process& engine) {
  findings_.expect(Invariant::I15, !engine.is_silent(), "an engine stopped by itself: see {}",
                   log("engine"));
}

}  // namespace skald::faults
