// What engines report to the harness, over all their lives.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "findings.hpp"
#include "invariants.hpp"
#include "process.hpp"

namespace skald::faults {

/// Takes the lines that worker.hpp lists. One thread.
class Reports {
 public:
  using Moment = Process::Moment;

  explicit Reports(Findings& findings) : findings_(findings) {}

  /// Takes one fact; a start that was acknowledged with two ids is a violation of I1.
  void take(const std::string& line);
  /// Takes what the engine says until then, until it is silent, or until all is quiet.
  void take_lines(Process& engine, Moment until);
  /// Takes lines until the engine states this fact; false when it has ended before, or takes too
  /// long.
  [[nodiscard]] bool await(const std::string& fact, Process& engine, Moment until);

  [[nodiscard]] const Acknowledged& acknowledged() const { return acknowledged_; }
  /// The first saga whose start has not been acknowledged.
  [[nodiscard]] std::uint64_t first_missing() const;
  [[nodiscard]] std::uint64_t starts_repeated() const { return starts_repeated_; }
  [[nodiscard]] std::uint64_t resumed() const { return resumed_; }
  [[nodiscard]] bool quiet() const { return quiet_; }

 private:
  Findings& findings_;
  Acknowledged acknowledged_;
  std::set<std::uint64_t> started_;
  std::uint64_t starts_repeated_ = 0;
  std::uint64_t resumed_ = 0;
  bool quiet_ = false;
};

}  // namespace skald::faults
