// skald_model: small sagas, explored in every way they can go.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "explorer.hpp"
#include "fault_ledger.hpp"
#include "mutants.hpp"
#include "skald/error.hpp"

namespace skald::model {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t holes_shown = 40;

struct Options {
  bool full = false;
  bool list = false;
  int jobs = 2;
  std::string mutant;
  std::string only;  ///< Cases that have this in "FAMILY: NAME".
  std::optional<int> faults;
  std::optional<int> hindrances;
  std::optional<int> resumes;
};

/// The families that the options ask for.
std::vector<Family> chosen(const Options& options) {
  std::vector<Family> all = families(options.full);
  for (Family& family : all) {
    // A broken rule shows in small sagas already; a hole in the coverage only in all.
    const Mutant* mutant = find_mutant(options.mutant);
    const bool leaves_out = mutant && mutant->caught_by.front() != "coverage" &&
                            family.name != "one step" && family.name != "two steps, each input";
    if (leaves_out) family.cases.clear();
    std::erase_if(family.cases, [&](const Case& subject) {
      return (family.name + ": " + subject.name).find(options.only) == std::string::npos;
    });
    family.limits = {options.faults.value_or(family.limits.faults),
                     options.hindrances.value_or(family.limits.hindrances),
                     options.resumes.value_or(family.limits.resumes), family.limits.probes};
  }
  std::erase_if(all, [](const Family& family) { return family.cases.empty(); });
  return all;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What all families together came to.
struct Outcomes {
  Totals totals;
  Coverage coverage;
  testing::Findings findings;
};

// `enough`, when there is one, ends it with the first violation.
void explore_family(const Family& family, const Decide& decide, const Options& options,
                    std::atomic<bool>* enough, Outcomes& outcomes) {
  const auto begin = Clock::now();
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Totals own;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.jobs; ++i) {
      threads.emplace_back([&] {
        Coverage coverage;
        testing::Findings findings;
        Totals totals;
        for (std::size_t at = next++; at < family.cases.size(); at = next++) {
          // That a broken rule is noticed needs to be seen once.
          if (enough && (enough->load() || findings.violations() > 0)) break;
          const auto started = Clock::now();
          const Totals one = explore(family.cases[at], family.limits, decide, coverage, findings);
          totals.add(one);
          if (enough && findings.violations() > 0) *enough = true;
          if (!options.list) continue;
          const std::lock_guard lock{mutex};
          fmt::print("    {:<50} {:>9} states {:>7} sagas {:.2f} s\n", family.cases[at].name,
                     one.states, one.sagas, seconds_since(started));
        }
        const std::lock_guard lock{mutex};
        own.add(totals);
        outcomes.coverage.add(coverage);
        outcomes.findings.add(findings);
      });
    }
  }
  outcomes.totals.add(own);
  fmt::print("{:<34}{:>5}{:>4}{:>4}{:>4}{:>13}{:>13}{:>10}{:>11}{:>9.1f}\n", family.name, own.cases,
             family.limits.faults, family.limits.hindrances, family.limits.resumes, own.states,
             own.transitions, own.sagas, own.decided, seconds_since(begin));
  std::fflush(stdout);
}

void print_totals(const Totals& totals) {
  fmt::print("{:<50}{:>13}{:>13}{:>10}{:>11}\n", fmt::format("all {} definitions", totals.cases),
             totals.states, totals.transitions, totals.sagas, totals.decided);
  fmt::print("ends: {}; operators' requests: {}; faults:", totals.ends, totals.requests);
  for (std::size_t i = 0; i < fault_count; ++i) {
    fmt::print("{} {} {}", i == 0 ? "" : ",", totals.faults[i], to_string(static_cast<Fault>(i)));
  }
  fmt::print("\n");
}

void print_coverage(const Coverage& coverage, const CoverageReport& report) {
  fmt::print(
      "coverage: {} pairs of a phase and an input, {} cannot meet; {} arrows between phases,"
      "\n    among them the {} of the {} phases of tests/spec/transitions.txt\n",
      report.pairs, report.impossible, coverage.arrows(), report.spec_arrows, report.spec_phases);
  for (std::size_t i = 0; i < report.holes.size() && i < holes_shown; ++i) {
    fmt::print("  {}\n", report.holes[i]);
  }
  if (report.holes.size() > holes_shown) {
    fmt::print("  and {} more\n", report.holes.size() - holes_shown);
  }
}

// Which of those that may catch it did; empty when none.
std::string caught(const Mutant& mutant, const Outcomes& outcomes, const CoverageReport& report) {
  std::string by;
  for (const std::string& name : mutant.caught_by) {
    bool found = name == "coverage" && !report.holes.empty();
    for (const std::string& sentence : outcomes.findings.sentences()) {
      found = found || sentence.starts_with(name + ":");
    }
    if (found) by += (by.empty() ? "" : ", ") + name;
  }
  return by;
}

bool is_good(const Options& options, const Mutant* mutant, const Outcomes& outcomes,
             const CoverageReport& report) {
  if (mutant) {
    const std::string by = caught(*mutant, outcomes, report);
    fmt::print("{}\n", by.empty() ? "NOT CAUGHT" : "caught by " + by);
    return !by.empty();
  }
  const auto& faults = outcomes.totals.faults;
  if (!options.only.empty()) return outcomes.findings.violations() == 0;  // Only some of it.
  const bool all_fired = std::find(faults.begin(), faults.end(), 0U) == faults.end();
  if (!all_fired) fmt::print("some fault never happened\n");
  return outcomes.findings.violations() == 0 && report.holes.empty() && all_fired;
}

int run(const Options& options) {
  const Mutant* mutant = nullptr;
  if (!options.mutant.empty()) {
    mutant = find_mutant(options.mutant);
    if (!mutant) throw Error("there is no mutant " + options.mutant);
    fmt::print("mutant {}: {}\n", mutant->name, mutant->what);
  }
  const Decide sound = [](const Definition& definition, Saga& saga, const Input& input, Time now,
                          const Admission& admission) {
    return skald::decide(definition, saga, input, now, admission);
  };
  const Decide decide = mutant ? mutant->decide : sound;
  const auto begin = Clock::now();
  fmt::print("{:<34}{:>5}{:>4}{:>4}{:>4}{:>13}{:>13}{:>10}{:>11}{:>9}\n", "family", "defs", "f",
             "r", "again", "states", "transitions", "sagas", "decided", "s");
  Outcomes outcomes;
  std::atomic<bool> violated{false};
  const bool stops = mutant && mutant->caught_by.front() != "coverage";
  for (const Family& family : chosen(options)) {
    if (stops && violated) break;
    explore_family(family, decide, options, stops ? &violated : nullptr, outcomes);
  }
  const CoverageReport report = judge_coverage(outcomes.coverage);
  print_totals(outcomes.totals);
  print_coverage(outcomes.coverage, report);
  outcomes.findings.print(std::cout);
  fmt::print("took {:.1f} s\n", seconds_since(begin));
  const bool good = is_good(options, mutant, outcomes, report);
  const Totals& totals = outcomes.totals;
  test::enter({"F2-model", "-",
               std::accumulate(totals.faults.begin(), totals.faults.end(), std::uint64_t{0}),
               totals.sagas, 0, outcomes.findings.violations(), mutant != nullptr, good});
  return good ? 0 : 1;
}

}  // namespace
}  // namespace skald::model

int main(int argc, char** argv) {
  CLI::App app{"Explores every way in which small sagas can go"};
  skald::model::Options options;
  app.add_flag("--full", options.full, "Everything, not only what every test run does");
  app.add_flag("--list", options.list, "A line for each definition");
  app.add_option("--jobs", options.jobs, "Threads")->check(CLI::Range(1, 64));
  app.add_option("--mutant", options.mutant, "Breaks a rule, which must be caught");
  app.add_option(
      "--only", options.only,
      "Definitions with this in \"FAMILY: NAME\" (see --list); coverage is not judged then");
  app.add_option("--faults", options.faults, "Faults on one path")->check(CLI::Range(0, 4));
  app.add_option("--hindrances", options.hindrances, "Requests, deadlines and the like on one path")
      ->check(CLI::Range(0, 4));
  app.add_option("--resumes", options.resumes, "Resumes on one path")->check(CLI::Range(0, 4));
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::model::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_model: " << error.what() << "\n";
    return 2;
  }
}
