// One schedule: a draft and a seed, run to its end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "findings.hpp"
#include "generator.hpp"
#include "happenings.hpp"
#include "mutants.hpp"
#include "seeded_accidents.hpp"

namespace skald::simulation {

/// Sums over schedules, for the report.
struct Totals {
  std::uint64_t schedules = 0;
  std::uint64_t sagas = 0;
  std::map<std::string, std::uint64_t> by_status;
  std::uint64_t turned_back = 0;
  std::uint64_t journal_rows = 0;
  std::uint64_t engines = 0;
  std::uint64_t crashes = 0;
  std::uint64_t batches = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t repeats = 0;
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;
  std::uint64_t contradicted = 0;
  std::array<std::uint64_t, testing::accident_count> accidents{};
  testing::Happenings happenings;
  std::uint64_t with_edge_data = 0;  ///< Schedules in which some kind had a rate.
  std::array<std::uint64_t, edge_kind_count> edges{};

  void add(const Totals& other);
};

struct ScheduleResult {
  testing::Findings findings;
  Totals totals;
  std::vector<Occurrence> happened;
  std::vector<std::string> trace;  ///< Only if asked for.
};

struct ScheduleOptions {
  std::uint64_t seed = 0;
  Mutant mutant = Mutant::none;
  const std::set<Occurrence>* allowed = nullptr;  ///< Absent: whatever the seed draws.
  bool trace = false;
};

/// Runs it. \throws DefinitionError when the draft has no valid definitions.
[[nodiscard]] ScheduleResult run_schedule(const Draft& draft, const ScheduleOptions& options);

}  // namespace skald::simulation
