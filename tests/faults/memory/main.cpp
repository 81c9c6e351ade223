// skald_memory_faults: memory runs out for an engine, at each allocation in turn.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "fault_ledger.hpp"
#include "sweep.hpp"

namespace skald::faults {
namespace {

bool judge(const MemoryOptions& options, const MemoryResult& result) {
  const bool broken = options.mutant != Mutant::none;
  const auto rules = broken_by(options.mutant);
  const bool caught = std::any_of(rules.begin(), rules.end(), [&result](Invariant rule) {
    return result.findings.violations(rule) > 0;
  });
  fmt::print("F7: the Nth allocation fails, seed {}, mutant {}\n", options.seed,
             to_string(options.mutant));
  fmt::print("faults fired: {} in {} lives; sagas: {}; deliveries repeated: {}; violations: {}\n",
             result.fired, result.lives, result.sagas, result.duplicates,
             result.findings.violations());
  fmt::print("lives that went on: {}; refused or stopped: {}; ended at once: {}\n", result.well,
             result.refused, result.aborted);
  bool everywhere = true;  // Of an engine's life.
  for (std::size_t i = 0; i < phase_count; ++i) {
    fmt::print("  {}: {}\n", to_string(static_cast<Phase>(i)), result.by_phase[i]);
    everywhere = everywhere && result.by_phase[i] > 0;
  }
  std::cout << result.note;
  result.findings.print(std::cout);
  bool good = result.fired > 0 && (broken ? caught : result.findings.violations() == 0);
  if (!broken && !options.participant_only && !everywhere) {
    fmt::print("in some part of a life no allocation failed\n");
    good = false;
  }
  test::enter({"F7-allocations", std::to_string(options.seed), result.fired, result.sagas,
               result.duplicates, result.findings.violations(), broken, good});
  fmt::print("{}; again with: --seed {}\n",
             good ? (broken ? "caught, as it must be" : "good") : "NOT good", options.seed);
  return good;
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  using namespace skald::faults;
  CLI::App app{"Lets memory run out for an engine, then checks that nothing was lost"};
  MemoryOptions options;
  std::string mutant = "none";
  app.add_option("--seed", options.seed, "Also $SKALD_SEED")->envname("SKALD_SEED");
  app.add_option("--length", options.length,
                 "How many lives; the allocations are spread over them");
  app.add_option("--mutant", mutant, "Break a rule: it must be caught");
  app.add_flag("--participant", options.participant_only,
               "Only for a participant, at each allocation");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto parsed = parse_mutant(mutant);
    if (!parsed) throw skald::Error("there is no mutant " + mutant);
    options.mutant = *parsed;
    route_sqlite_memory();
    MemoryResult result;
    if (!options.participant_only && options.mutant != Mutant::no_dedup)
      result = sweep_allocations(options);
    if (options.participant_only || options.mutant == Mutant::none ||
        options.mutant == Mutant::no_dedup) {
      sweep_participant(options, result);
    }
    return judge(options, result) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "skald_memory_faults: " << error.what() << "\n";
  }
  return 2;
}
