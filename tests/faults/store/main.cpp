// skald_store_faults: what a disk, other processes, clocks and memory can do to a store.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

#include "fault_ledger.hpp"
#include "holder.hpp"
#include "run.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

constexpr int exit_skipped = 77;

struct Harness {
  const char* name;
  const char* what;
  RunResult (*run)(const RunOptions&);
};

constexpr std::array harnesses{
    Harness{"disk-operations", "F5: the Nth operation of the disk fails", &sweep_disk_operations},
    Harness{"power-loss", "F6: the power fails, unsynced sectors are lost", &lose_power},
    Harness{"full-disk", "F8: the disk is filled and freed, or read-only", &fill_disk},
    Harness{"other-programs", "F9: others read for long, or want the lock", &hold_store},
    Harness{"corruption", "F10: bytes are flipped, overwritten, cut off", &corrupt_files},
    Harness{"clock-jumps", "F18: the clock is set wrong between lives", &set_clocks},
    Harness{"owners", "F17: several would be the owner", &contend_for_store},
    Harness{"other-versions", "F19: definitions and schemas are others", &open_other_versions},
};

int judge(const Harness& harness, const RunOptions& options, const RunResult& result) {
  if (!result.skipped.empty()) {
    fmt::print("SKIPPED: {}\n", result.skipped);
    return exit_skipped;
  }
  const bool broken = options.control || options.mutant != Mutant::none;
  fmt::print("{}, seed {}{}\n", harness.what, options.seed, broken ? ", with a rule broken" : "");
  fmt::print("faults fired: {}; sagas: {}; deliveries repeated: {}; violations: {}\n", result.fired,
             result.sagas, result.duplicates, result.findings.violations());
  std::cout << result.note;
  result.findings.print(std::cout);
  const bool caught = result.findings.violations() > 0;
  const bool good = result.fired > 0 && caught == broken;
  const std::string what = harness.what;
  test::enter({what.substr(0, what.find(':')) + "-" + harness.name, std::to_string(options.seed),
               result.fired, result.sagas, result.duplicates, result.findings.violations(), broken,
               good});
  fmt::print("{}; again with: {} --seed {}\n",
             good ? (broken ? "caught, as it must be" : "good")
                  : (result.fired == 0 ? "NO fault fired" : "NOT good"),
             harness.name, options.seed);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  using namespace skald::faults;
  CLI::App app{"Breaks the store's disk, files, owners, clock and memory"};
  app.require_subcommand(0, 1);
  RunOptions options;
  std::string mutant = "none";
  std::string held_store;
  bool to_write = false;
  app.add_option("--hold", held_store)->group("");
  app.add_flag("--to-write", to_write)->group("");
  WorkerOptions worker;
  add_to(app, worker);
  // As the worker's words name them.
  app.add_option("--seed", worker.assignment.seed)->group("");
  app.add_option("--mutant", mutant)->group("");
  for (const Harness& harness : harnesses) {
    CLI::App* verb = app.add_subcommand(harness.name, harness.what);
    verb->add_option("--seed", options.seed, "Also $SKALD_SEED")->envname("SKALD_SEED");
    verb->add_option("--length", options.length, "How long; the harness says in what");
    verb->add_option("--mutant", mutant, "Break a rule: it must be caught");
    verb->add_flag("--control", options.control, "Break the harness's own rule");
  }
  CLI11_PARSE(app, argc, argv);
  try {
    if (!held_store.empty()) return hold_until_told(held_store, to_write);
    if (const auto code = run_worker(worker)) return *code;
    const auto parsed = parse_mutant(mutant);
    if (!parsed) throw skald::Error("there is no mutant " + mutant);
    options.mutant = *parsed;
    for (const Harness& harness : harnesses) {
      if (app.got_subcommand(harness.name)) {
        return judge(harness, options, harness.run(options));
      }
    }
  } catch (const std::exception& error) {
    std::cerr << "skald_store_faults: " << error.what() << "\n";
  }
  return 2;
}
