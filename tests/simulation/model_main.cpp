// skald_model: small sagas, explored in every way they can go.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "model.hpp"
#include "skald/error.hpp"

namespace skald::simulation {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  int steps = 2;
  ModelLimits limits;
  int jobs = 2;
  std::size_t stride = 1;
};

void print_coverage(const ModelTotals& totals) {
  std::set<std::string> phases;
  std::set<std::string> inputs;
  for (const auto& [pair, count] : totals.covered) {
    phases.insert(pair.first);
    inputs.insert(pair.second);
  }
  fmt::print("transitions covered: {} pairs of {} phases and {} inputs\n", totals.covered.size(),
             phases.size(), inputs.size());
  for (const std::string& phase : phases) {
    std::size_t met = 0;
    for (const std::string& input : inputs) met += totals.covered.count({phase, input});
    fmt::print("  {:<42}{:>4} of {}\n", phase, met, inputs.size());
  }
}

int run(const Options& options) {
  std::vector<std::string> definitions;
  for (const std::string& text : small_definitions(options.steps)) definitions.push_back(text);
  testing::Findings findings;
  ModelTotals totals;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  const auto begin = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.jobs; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next.fetch_add(options.stride); at < definitions.size();
             at = next.fetch_add(options.stride)) {
          testing::Findings own;
          const auto definition =
              std::make_shared<const Definition>(parse_definition(definitions[at]));
          const ModelTotals one = explore(definition, options.limits, own);
          const std::lock_guard lock{mutex};
          findings.add(own);
          totals.add(one);
        }
      });
    }
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print("definitions of {} steps: {} of {}, up to {} faults; in {:.1f} s\n", options.steps,
             totals.definitions, definitions.size(), options.limits.faults, took.count());
  fmt::print("states: {}; transitions: {}; probes: {}; ends: {}\n", totals.states,
             totals.transitions, totals.probes, totals.ends);
  print_coverage(totals);
  findings.print(std::cout);
  return findings.violations() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skald::simulation

int main(int argc, char** argv) {
  CLI::App app{"Explores every way in which small sagas can go"};
  skald::simulation::Options options;
  app.add_option("--steps", options.steps, "Steps of a definition")->check(CLI::Range(1, 3));
  app.add_option("--faults", options.limits.faults, "Faults on one path")->check(CLI::Range(0, 4));
  app.add_option("--resumes", options.limits.resumes, "Resumes of a stuck saga on one path")
      ->check(CLI::Range(0, 4));
  app.add_option("--jobs", options.jobs, "Threads")->check(CLI::Range(1, 64));
  app.add_option("--stride", options.stride, "Only every Nth definition")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::simulation::run(options);
  } catch (const skald::Error& error) {
    std::cerr << "skald_model: " << error.what() << "\n";
    return 2;
  }
}
