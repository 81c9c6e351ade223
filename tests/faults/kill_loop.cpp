#include "kill_loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "sanitized.hpp"
#include "skald/sqlite_reader.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds ready_limit{30};
// Every so many lives, one more engine dies while it opens the store.
constexpr std::uint64_t opening_kill_every = 5;
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};
constexpr Duration quiet_limit_mutant{4'000};

}  // namespace

KillLoop::KillLoop(LoopOptions options, Files files, Findings& findings)
    : options_(std::move(options)),
      files_(std::move(files)),
      findings_(findings),
      random_(options_.seed),
      prefix_(fmt::format("faults.{}.{}", ::getpid(), options_.seed)),
      reports_(findings) {}

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
  counts_.starts_repeated = reports_.starts_repeated();
  counts_.resumed = reports_.resumed();
  for (auto& [name, participant] : participants_) (void)participant.finish();
}

void KillLoop::live_and_die(std::uint64_t goal) {
  Process engine = start_engine(goal, false);
  if (await_ready(engine)) {
    const Moment ready = steady_clock::now();
    const milliseconds life = draw(20, 250);
    if (!participants_.empty()) {
      reports_.take_lines(engine, ready + draw(0, static_cast<int>(life.count())));
      kill_participant();
    }
    reports_.take_lines(engine, ready + life);
  }
  expect_alive(engine);
  for (const std::string& line : engine.kill()) reports_.take(line);
  ++counts_.engine_kills;
  count_open_sagas();
}

void KillLoop::die_while_opening(std::uint64_t goal) {
  Process engine = start_engine(goal, false);
  reports_.take_lines(engine, steady_clock::now() + draw(1, 40));
  for (const std::string& line : engine.kill()) reports_.take(line);
  ++counts_.opening_kills;
}

void KillLoop::live_until_quiet() {
  const Moment began = steady_clock::now();
  Process engine = start_engine(options_.sagas, true);
  const Duration patience =
      2 * (options_.mutant == Mutant::none ? quiet_limit : quiet_limit_mutant);
  reports_.take_lines(engine, began + ready_limit + patience);
  findings_.expect(
      Invariant::I15, reports_.quiet(), "not quiet after {} s: see {}",
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - began).count(),
      log("engine"));
  counts_.until_quiet = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
  if (!reports_.quiet()) return;
  findings_.expect(Invariant::I15, engine.finish() == 0, "the last engine did not end well: see {}",
                   log("engine"));
  findings_.expect(Invariant::I1, reports_.first_missing() == options_.sagas,
                   "saga {} was never acknowledged", reports_.first_missing());
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
  Assignment assignment = this->assignment();
  assignment.first = reports_.first_missing();
  assignment.end = goal;
  assignment.until_quiet = until_quiet;
  assignment.quiet_limit = options_.mutant == Mutant::none ? quiet_limit : quiet_limit_mutant;
  return Process(engine_words(assignment), log("engine"));
}

Process KillLoop::start_participant(const std::string& name) {
  return Process(participant_words(assignment(), name), log(name));
}

Assignment KillLoop::assignment() const {
  Assignment assignment;
  assignment.files = files_;
  assignment.seed = options_.seed;
  assignment.mutant = options_.mutant;
  assignment.rabbitmq = options_.rabbitmq;
  assignment.prefix = prefix_;
  return assignment;
}

std::string KillLoop::log(const std::string& name) const {
  return files_.directory + "/" + name + ".log";
}

bool KillLoop::await_ready(Process& engine) {
  const bool ready = reports_.await("ready", engine, steady_clock::now() + ready_limit);
  findings_.expect(Invariant::I15, ready, "an engine did not get ready: see {}", log("engine"));
  return ready;
}

milliseconds KillLoop::draw(int from_ms, int to_ms) {
  return milliseconds{std::uniform_int_distribution<int>(from_ms, to_ms)(random_)};
}

void KillLoop::expect_alive(const Process& engine) {
  findings_.expect(Invariant::I15, !engine.is_silent(), "an engine stopped by itself: see {}",
                   log("engine"));
}

}  // namespace skald::faults
