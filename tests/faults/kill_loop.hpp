// Starts an engine, kills it in the middle of its work, starts it again, and so on; then lets all
// become quiet.
//
// Over RabbitMQ the participants are processes of their own, and one of them is killed in each life
// of the engine, too.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "findings.hpp"
#include "invariants.hpp"
#include "process.hpp"
#include "reports.hpp"
#include "worker.hpp"

namespace skald::faults {

using testing::Findings;

struct LoopOptions {
  std::uint64_t kills = 50;  ///< Of an engine at work; over RabbitMQ as many of participants.
  std::uint64_t sagas = 1'000;
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
  std::string rabbitmq;  ///< URL; empty: in-process participants.
};

/// Faults that really fired, and what came of them.
struct LoopCounts {
  std::uint64_t engine_kills = 0;     ///< At work, 20 to 250 ms after it was ready.
  std::uint64_t with_sagas_open = 0;  ///< Of those: some saga was neither ended nor stuck.
  std::uint64_t opening_kills = 0;    ///< Further ones, while it recovered.
  std::uint64_t participant_kills = 0;
  std::uint64_t starts_repeated = 0;  ///< start() answered the id of an earlier life.
  std::uint64_t resumed = 0;
  std::chrono::milliseconds until_quiet{0};
};

/// One thread.
class KillLoop {
 public:
  KillLoop(LoopOptions options, Files files, Findings& findings);

  /// Runs to the end. What the harness itself can see goes wrong is put into the findings.
  void run();

  [[nodiscard]] const Acknowledged& acknowledged() const { return reports_.acknowledged(); }
  [[nodiscard]] const LoopCounts& counts() const { return counts_; }

 private:
  using Moment = Process::Moment;

  void live_and_die(std::uint64_t goal);
  void die_while_opening(std::uint64_t goal);
  void live_until_quiet();
  void kill_participant();
  void count_open_sagas();

  [[nodiscard]] Process start_engine(std::uint64_t goal, bool until_quiet);
  [[nodiscard]] Process start_participant(const std::string& name);
  [[nodiscard]] Assignment assignment() const;
  [[nodiscard]] std::string log(const std::string& name) const;

  [[nodiscard]] bool await_ready(Process& engine);
  [[nodiscard]] std::chrono::milliseconds draw(int from_ms, int to_ms);
  void expect_alive(const Process& engine);

  LoopOptions options_;
  Files files_;
  Findings& findings_;
  std::mt19937_64 random_;
  std::string prefix_;
  Reports reports_;
  LoopCounts counts_;
  std::map<std::string, Process> participants_;
};

}  // namespace skald::faults
