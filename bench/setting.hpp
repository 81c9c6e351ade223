// What all benchmarks share: how long, how often, where, and the sagas they run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "report.hpp"
#include "skald/definition.hpp"

namespace skald::bench {

struct Setting {
  double seconds = 1.5;  ///< Of one repetition.
  int repetitions = 3;
  std::string directory;  ///< For stores; a fresh file each time. Where it lies decides the fsync.
  std::string rabbitmq;   ///< URL; empty: no benchmark that needs a broker.

  /// A path for a new store.
  [[nodiscard]] std::string fresh_store() const;
  [[nodiscard]] std::vector<Sample> repeat(const std::function<Sample()>& measure) const;
};

/// Participant of all benchmark sagas.
inline constexpr const char* participant_name = "bench";
/// Journal rows of a saga with so many steps: its start, and one per reply.
[[nodiscard]] constexpr double transitions_of(int steps) { return steps + 1; }

/// `steps-N`: N compensatable steps of one participant; each is sent the whole input.
[[nodiscard]] Definition definition_of(int steps);
[[nodiscard]] std::string type_of(int steps);
/// A JSON object of 300 bytes.
[[nodiscard]] JsonText payload();

}  // namespace skald::bench
