#include "crash_loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "old_store.hpp"
#include "sanitized.hpp"
#include "skald/sqlite_reader.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Invariant;

constexpr std::uint64_t sagas_per_life = 8;
// With 1 MB each, so that the write-ahead log grows by more than 16 MiB.
constexpr std::uint64_t fat_sagas = 20;
constexpr std::chrono::seconds patience = test::slowdown * std::chrono::seconds{30};
// How long a life goes on after its last start, for what comes late: retries, timeouts.
constexpr milliseconds afterlife{150};
constexpr milliseconds afterlife_of_broker{1'500};
constexpr Duration quiet_limit = test::slowdown * Duration{60'000};
constexpr Duration quiet_limit_mutant{4'000};
// A place that a drawn count was too high for is tried with the count 1, with twice the patience
// each time.
constexpr int tries = 5;
constexpr std::uint64_t count_max = 5;

}  // namespace

CrashLoop::CrashLoop(CrashOptions options, Files files, Findings& findings)
    : options_(std::move(options)),
      files_(std::move(files)),
      findings_(findings),
      random_(options_.seed),
      reports_(findings) {
  common_.files = files_;
  common_.seed = options_.seed;
  common_.mutant = options_.mutant;
  common_.rabbitmq = options_.rabbitmq;
  common_.prefix =
      fmt::format("crash.{}.{}", ::getpid(), files_.directory.substr(files_.directory.size() - 6));
  common_.quiet_limit = options_.mutant == Mutant::none ? quiet_limit : quiet_limit_mutant;
  common_.undo_outside = true;
  common_.over_control = options_.rabbitmq.empty();
}

void CrashLoop::run(const std::vector<CrashPoint>& points) {
  if (!options_.rabbitmq.empty()) {
    for (const char* name : participant_names) {
      participants_.emplace(name, start_participant(name));
    }
  }
  for (const CrashPoint point : points) {
    bool died = false;
    int patience_factor = 1;
    for (int i = 1; i <= tries && !died; ++i, patience_factor *= 2) {
      // Something must have been under way in the life before, and that died.
      if (needs_unfinished(point)) (void)die_at(CrashPoint::batch_before_send, 1, 1);
      const bool draw = i == 1 && !needs_unfinished(point);
      died = die_at(point, draw ? 1 + random_() % count_max : 1, patience_factor);
    }
    if (died) {
      ++deaths_[point];
    } else {
      unreached_.push_back(point);
    }
  }
  live_until_quiet();
  for (auto& [name, participant] : participants_) (void)participant.finish();
}

bool CrashLoop::die_at(CrashPoint point, std::uint64_t count, int patience_factor) {
  ++lives_;
  const bool participant = is_participants(point) && !options_.rabbitmq.empty();
  return participant ? participant_dies_at(point, count)
                     : engine_dies_at(point, count, patience_factor);
}

bool CrashLoop::engine_dies_at(CrashPoint point, std::uint64_t count, int patience_factor) {
  if (needs_old_store(point) && std::filesystem::exists(files_.store())) {
    make_store_old(files_.store());
  }
  const Acknowledged known = reports_.acknowledged();
  const Assignment life = next_life(point);
  Process engine(engine_words(life), log("engine"), told_to_die(point, count));
  const bool worked = reports_.await("worked", engine, steady_clock::now() + patience);
  findings_.expect(Invariant::I15, worked || engine.is_silent(),
                   "an engine that was to die at {} hangs: see {}", to_string(point),
                   log("engine"));
  if (worked) {
    const auto more = options_.rabbitmq.empty() ? afterlife : afterlife_of_broker;
    reports_.take_lines(engine, steady_clock::now() + patience_factor * test::slowdown * more);
  }
  const int code = engine.finish();
  reports_.take_lines(engine, steady_clock::now() + patience);
  findings_.expect(Invariant::I15, code == 0 || code == crash_exit_code,
                   "an engine that was to die at {} ended with code {}: see {}", to_string(point),
                   code, log("engine"));
  if (!life.backup.empty()) check_backup(known);
  return code == crash_exit_code;
}

// The engine lives on meanwhile; another instance takes over what the dead one had in hand.
bool CrashLoop::participant_dies_at(CrashPoint point, std::uint64_t count) {
  const std::string name = participant_names[random_() % participant_names.size()];
  participants_.erase(name);
  Process mortal = start_participant(name, told_to_die(point, count));
  Process engine(engine_words(next_life(point)), log("engine"));
  const bool worked = reports_.await("worked", engine, steady_clock::now() + patience);
  findings_.expect(Invariant::I15, worked, "an engine did not get to work: see {}", log("engine"));
  const auto until = steady_clock::now() + afterlife_of_broker;
  while (mortal.line(until)) {
  }
  const bool died = mortal.is_silent() && mortal.finish() == crash_exit_code;
  participants_.emplace(name, start_participant(name));
  findings_.expect(Invariant::I15, engine.finish() == 0, "an engine did not end well: see {}",
                   log("engine"));
  reports_.take_lines(engine, steady_clock::now() + patience);
  return died;
}

void CrashLoop::live_until_quiet() {
  Assignment life = common_;
  life.first = reports_.first_missing();
  life.end = goal_;
  life.until_quiet = true;
  Process engine(engine_words(life), log("engine"));
  reports_.take_lines(engine, steady_clock::now() + patience + 2 * life.quiet_limit);
  findings_.expect(Invariant::I15, reports_.quiet(), "not quiet in time: see {}", log("engine"));
  if (!reports_.quiet()) return;
  findings_.expect(Invariant::I15, engine.finish() == 0, "the last engine did not end well: see {}",
                   log("engine"));
  findings_.expect(Invariant::I1, reports_.first_missing() == goal_,
                   "saga {} was never acknowledged", reports_.first_missing());
}

Assignment CrashLoop::next_life(CrashPoint point) {
  Assignment life = common_;
  const std::uint64_t fat = needs_much_data(point) ? fat_sagas : 0;
  // For good: whoever starts one of them again must give the same input.
  for (std::uint64_t i = 0; i < fat; ++i) common_.fat.push_back(goal_ + i);
  goal_ += std::max(fat, sagas_per_life);
  life.fat = common_.fat;
  life.first = reports_.first_missing();
  life.end = goal_;
  if (needs_backup(point)) life.backup = backup();
  return life;
}

// A backup is there whole or not at all; what a dead one left has a name of its own.
void CrashLoop::check_backup(const Acknowledged& known) {
  if (std::filesystem::exists(backup())) {
    ++backups_;
    SqliteReader copy(backup());
    const auto problems = copy.check();
    findings_.expect(Invariant::I14, problems.empty(), "a backup: {}",
                     problems.empty() ? "" : problems.front());
    for (const auto& [key, id] : known) {
      findings_.expect(Invariant::I1, copy.summary(id).has_value(), "a backup lacks {}", key);
    }
  }
  for (const char* suffix :
       {"", "-wal", "-shm", ".partial", ".partial-wal", ".partial-shm", ".partial-journal"}) {
    std::filesystem::remove(backup() + suffix);
  }
}

Process CrashLoop::start_participant(const std::string& name,
                                     std::vector<std::string> environment) {
  return Process(participant_words(common_, name), log(name), std::move(environment));
}

std::vector<std::string> CrashLoop::told_to_die(CrashPoint point, std::uint64_t count) const {
  if (options_.deaf) return {};
  return {fmt::format("SKALD_CRASH_AT={}:{}", to_string(point), count)};
}

std::string CrashLoop::log(const std::string& name) const {
  return files_.directory + "/" + name + ".log";
}

}  // namespace skald::faults
