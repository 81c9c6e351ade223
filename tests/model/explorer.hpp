// Explores one case: from each state every choice is made.
//
// A state is a saga, what its participants remember and did, and the messages under way. The
// choices: which message arrives next, what a participant makes of a command, what time brings,
// how a child saga ends, and, up to a limit each, faults, requests and resumes. Each state is
// looked at once.
#pragma once

#include <array>
#include <cstdint>

#include "cases.hpp"
#include "coverage.hpp"
#include "findings.hpp"
#include "saga_graph.hpp"

namespace skald::model {

enum class Fault : std::uint8_t {
  lost_command,
  lost_reply,
  repeated_command,
  repeated_reply,
  early_timeout,  ///< While the answer is under way.
  crash,          ///< What is not answered is sent again.
  process_ended,  ///< Too often, while the engine carried out the attempt itself.
  cancel,
  deadline,
  oversleep,  ///< The engine hears of the next input an hour late.
  no_room,    ///< Nothing is admitted, and the locks are taken.
  parent,     ///< The saga's parent turns back.
};
inline constexpr std::size_t fault_count = 12;
[[nodiscard]] const char* to_string(Fault fault);

struct Totals {
  std::uint64_t cases = 0;
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;  ///< From one state to another, or back to one that is known.
  std::uint64_t sagas = 0;        ///< That can be told apart.
  std::uint64_t decided = 0;      ///< Pairs of a saga and an input that decide() answered.
  std::uint64_t ends = 0;
  std::array<std::uint64_t, fault_count> faults{};  ///< That really happened.
  std::uint64_t requests = 0;

  void add(const Totals& other);
};

[[nodiscard]] Totals explore(const Case& subject, const Limits& limits, const Decide& decide,
                             Coverage& coverage, testing::Findings& findings);

}  // namespace skald::model
