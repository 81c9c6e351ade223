// skald_kill_loop: kills engines and participants with SIGKILL, then checks that nothing was lost,
// doubled or undone wrongly.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "broker.hpp"
#include "fault_ledger.hpp"
#include "kill_loop.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

using testing::Invariant;

struct Options {
  LoopOptions loop;
  int minutes = 0;
  bool keep = false;
  bool test_broker = false;
  std::string mutant = "none";
  WorkerOptions worker;  ///< Of the processes that the loop starts.
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--kills", options.loop.kills, "Kills of an engine at work")
      ->check(CLI::PositiveNumber);
  app.add_option("--sagas", options.loop.sagas, "Sagas to start")->check(CLI::PositiveNumber);
  app.add_option("--seed", options.loop.seed, "Seed of the plan; also $SKALD_SEED")
      ->envname("SKALD_SEED");
  app.add_option("--minutes", options.minutes, "Repeat with further seeds for so long");
  app.add_option("--rabbitmq", options.loop.rabbitmq, "URL of a broker: participants apart");
  app.add_flag("--test-broker", options.test_broker, "Use the broker of $SKALD_TEST_BROKER");
  app.add_option("--mutant", options.mutant, "Break a rule: the checker must catch it");
  app.add_flag("--keep", options.keep, "Keep the files even when nothing was found");

  add_to(app, options.worker);
}

void print_report(const LoopOptions& options, const LoopCounts& counts, const Tally& tally,
                  const Findings& findings) {
  fmt::print("seed {}, {}, mutant {}\n", options.seed,
             options.rabbitmq.empty() ? "in-process" : "over RabbitMQ", to_string(options.mutant));
  fmt::print("killed: {} engines at work ({} with sagas open), {} while opening, {} participants\n",
             counts.engine_kills, counts.with_sagas_open, counts.opening_kills,
             counts.participant_kills);
  fmt::print("starts answered with an earlier life's id: {}; quiet after {} ms; resumed: {}\n",
             counts.starts_repeated, counts.until_quiet.count(), counts.resumed);
  fmt::print("sagas: {}, of them turned back: {};", tally.sagas, tally.turned_back);
  for (const auto& [status, count] : tally.by_status) fmt::print(" {} {}", status, count);
  fmt::print("\njournal rows: {}; attempts without answer: {}\n", tally.journal_rows,
             tally.timeouts);
  fmt::print("deliveries: {}, of them repeated: {}; effects: {}\n", tally.deliveries, tally.repeats,
             tally.effects);
  findings.print(std::cout);
}

// With a mutant, the run is good when the checker caught it by an invariant that it breaks.
bool is_good(const LoopOptions& options, const Findings& findings) {
  if (options.mutant == Mutant::none) return findings.violations() == 0;
  const auto broken = broken_by(options.mutant);
  const auto caught = std::find_if(broken.begin(), broken.end(), [&findings](Invariant invariant) {
    return findings.violations(invariant) > 0;
  });
  if (caught == broken.end()) {
    fmt::print("the checker did NOT catch the mutant {}\n", to_string(options.mutant));
    return false;
  }
  fmt::print("the checker caught the mutant {} by {}\n", to_string(options.mutant),
             to_string(*caught));
  return true;
}

bool run_once(const LoopOptions& options, bool keep) {
  const Files files{make_directory()};
  Findings findings;
  KillLoop loop(options, files, findings);
  loop.run();
  const Tally tally = check_invariants(files, loop.acknowledged(), findings);
  print_report(options, loop.counts(), tally, findings);
  const bool good = is_good(options, findings);
  const LoopCounts& counts = loop.counts();
  test::enter({options.rabbitmq.empty() ? "F4-kills" : "F4-kills-rabbitmq",
               std::to_string(options.seed),
               counts.engine_kills + counts.opening_kills + counts.participant_kills, tally.sagas,
               tally.repeats, findings.violations(), options.mutant != Mutant::none, good});
  if (good && !keep) {
    std::filesystem::remove_all(files.directory);
  } else {
    fmt::print("files: {}; again with --seed {}\n", files.directory, options.seed);
  }
  std::cout.flush();
  return good;
}

int run_loops(Options& options) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{options.minutes};
  do {
    if (!run_once(options.loop, options.keep)) return 1;
    ++options.loop.seed;
  } while (std::chrono::steady_clock::now() < until);
  return 0;
}

int run(Options& options) {
  const auto mutant = parse_mutant(options.mutant);
  if (!mutant) throw Error("there is no mutant " + options.mutant);
  options.loop.mutant = *mutant;
  if (options.test_broker) options.loop.rabbitmq = test::Broker::shared().url();
  Assignment& assignment = options.worker.assignment;
  assignment.seed = options.loop.seed;
  assignment.mutant = *mutant;
  assignment.rabbitmq = options.loop.rabbitmq;
  if (const auto code = run_worker(options.worker)) return *code;
  return run_loops(options);
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  CLI::App app{"Kills engines and participants, then checks that nothing was lost"};
  skald::faults::Options options;
  skald::faults::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::faults::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_kill_loop: " << error.what() << "\n";
    return 2;
  }
}
