// skald_simulation: runs sagas through accidents in virtual time, and checks that nothing was lost,
// doubled or undone wrongly.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "campaign.hpp"

namespace skald::simulation {
namespace {

void add_options(CLI::App& app, Options& options, std::string& only) {
  app.add_option("--seed", options.seed, "First seed; also $SKALD_SEED")->envname("SKALD_SEED");
  app.add_option("--schedules", options.schedules, "Schedules to run, one per seed")
      ->check(CLI::PositiveNumber);
  app.add_option("--minutes", options.minutes, "Run for so long instead")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--jobs", options.jobs, "Threads; each schedule has one to itself")
      ->check(CLI::Range(1, 64));
  app.add_flag("--edge", options.edge, "With --seed: with hostile data, as in a campaign");
  app.add_option("--only", only, "Break a rule: the checker must catch it within the schedules");
}

int run(Options& options, const std::string& only, bool single) {
  const auto mutant = parse_mutant(only);
  if (!mutant) throw Error("there is no mutant " + only);
  options.mutant = *mutant;
  if (single) return show_one(options);
  return run_campaign(options);
}

}  // namespace
}  // namespace skald::simulation

int main(int argc, char** argv) {
  CLI::App app{
      "Runs sagas through accidents in virtual time, and checks that nothing was lost.\n"
      "With --seed alone: runs that one schedule, makes it small if it fails, and shows it."};
  skald::simulation::Options options;
  std::string only = "none";
  skald::simulation::add_options(app, options, only);
  CLI11_PARSE(app, argc, argv);
  const bool single =
      app.count("--seed") > 0 && app.count("--schedules") == 0 && app.count("--minutes") == 0;
  try {
    return skald::simulation::run(options, only, single);
  } catch (const std::exception& error) {
    std::cerr << "skald_simulation: " << error.what() << "\n";
    return 2;
  }
}
