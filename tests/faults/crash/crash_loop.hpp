// One store, its engines and its participants, which die at one named place after the other: each
// life begins with the recovery from the death before.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "crash_places.hpp"
#include "findings.hpp"
#include "process.hpp"
#include "reports.hpp"
#include "worker.hpp"

namespace skald::faults {

struct CrashOptions {
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::none;
  std::string rabbitmq;  ///< URL; empty: in-process participants.
  bool deaf = false;     ///< Nobody is told to die: no place must be counted as reached.
};

/// Deaths that really happened, by place.
using Deaths = std::map<CrashPoint, std::uint64_t>;

/// One thread.
class CrashLoop {
 public:
  CrashLoop(CrashOptions options, Files files, Findings& findings);

  /// Dies once at each of these places, in this order, and lets all become quiet.
  void run(const std::vector<CrashPoint>& points);

  [[nodiscard]] const Deaths& deaths() const { return deaths_; }
  /// Places that nobody came to.
  [[nodiscard]] const std::vector<CrashPoint>& unreached() const { return unreached_; }
  [[nodiscard]] std::uint64_t lives() const { return lives_; }
  [[nodiscard]] std::uint64_t backups() const { return backups_; }
  [[nodiscard]] const Reports& reports() const { return reports_; }

 private:
  /// The factor lengthens the life for what comes late.
  [[nodiscard]] bool die_at(CrashPoint point, std::uint64_t count, int patience_factor);
  [[nodiscard]] bool engine_dies_at(CrashPoint point, std::uint64_t count, int patience_factor);
  [[nodiscard]] bool participant_dies_at(CrashPoint point, std::uint64_t count);
  void live_until_quiet();
  void end(Process& engine, bool dead);
  void check_backup(const Acknowledged& known);

  [[nodiscard]] Assignment next_life(CrashPoint point);
  [[nodiscard]] Process start_participant(const std::string& name,
                                          std::vector<std::string> environment = {});
  [[nodiscard]] std::vector<std::string> told_to_die(CrashPoint point, std::uint64_t count) const;
  [[nodiscard]] std::string log(const std::string& name) const;
  [[nodiscard]] std::string backup() const { return files_.directory + "/backup.db"; }

  CrashOptions options_;
  Files files_;
  Findings& findings_;
  std::mt19937_64 random_;
  Assignment common_;
  Reports reports_;
  std::map<std::string, Process> participants_;
  Deaths deaths_;
  std::vector<CrashPoint> unreached_;
  std::uint64_t goal_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t backups_ = 0;
};

}  // namespace skald::faults
