#include "campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "fault_ledger.hpp"
#include "shrink.hpp"

namespace skald::simulation {

using testing::Accident;
using testing::Findings;
using testing::Happening;
using testing::Invariant;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t failures_kept = 20;
constexpr std::uint64_t seeds_at_once = 64;
// In so many schedules, each kind of thing that is drawn must have happened.
constexpr std::uint64_t schedules_for_all = 50'000;

// Mutants break one rule each, among schedules that say nothing else of interest.
bool has_edge_data(const Options& options) { return options.mutant == Mutant::none; }

/// What the threads share.
class Campaign {
 public:
  explicit Campaign(const Options& options)
      : options_(options), until_(Clock::now() + std::chrono::minutes{options.minutes}) {}

  void run() {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
  }

  Findings findings;
  Totals totals;
  std::vector<std::uint64_t> failures;  ///< Seeds, the lowest.

 private:
  bool goes_on(std::uint64_t begun) const {
    if (options_.mutant != Mutant::none && caught_) return false;
    return options_.minutes > 0 ? Clock::now() < until_ : begun < options_.schedules;
  }

  void work() {
    Findings own_findings;
    Totals own_totals;
    for (std::uint64_t begin = next_.fetch_add(seeds_at_once); goes_on(begin);
         begin = next_.fetch_add(seeds_at_once)) {
      std::uint64_t end = begin + seeds_at_once;
      if (options_.minutes == 0) end = std::min(end, options_.schedules);
      for (std::uint64_t i = begin; i < end; ++i) one(options_.seed + i, own_findings, own_totals);
    }
    const std::lock_guard lock{mutex_};
    findings.add(own_findings);
    totals.add(own_totals);
  }

  void one(std::uint64_t seed, Findings& own_findings, Totals& own_totals) {
    const ScheduleResult result = run_schedule(generate(seed, has_edge_data(options_)),
                                               {seed, options_.mutant, nullptr, false});
    own_findings.add(result.findings);
    own_totals.add(result.totals);
    if (result.findings.violations() == 0) return;
    const std::lock_guard lock{mutex_};
    failures.insert(std::upper_bound(failures.begin(), failures.end(), seed), seed);
    if (failures.size() > failures_kept) failures.pop_back();
    for (const Invariant invariant : broken_by(options_.mutant)) {
      if (result.findings.violations(invariant) > 0) caught_ = true;
    }
  }

  const Options& options_;
  Clock::time_point until_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> caught_{false};
  std::mutex mutex_;
};

void print_totals(const Options& options, const Totals& totals, double seconds) {
  fmt::print("schedules: {} from seed {}, in {:.1f} s: {:.0f}/s with {} threads\n",
             totals.schedules, options.seed, seconds,
             static_cast<double>(totals.schedules) / seconds, options.jobs);
  fmt::print("sagas: {}, of them turned back: {}, contradicted: {};", totals.sagas,
             totals.turned_back, totals.contradicted);
  for (const auto& [status, count] : totals.by_status) fmt::print(" {} {}", status, count);
  fmt::print("\njournal rows: {}; batches: {}; operators' requests: {}, of them refused: {}\n",
             totals.journal_rows, totals.batches, totals.requests, totals.refused);
  fmt::print("engines: {}, of them crashed: {}; deliveries: {}, of them repeated: {}\n",
             totals.engines, totals.crashes, totals.deliveries, totals.repeats);
  fmt::print("accidents that really happened:\n");
  for (std::size_t i = 0; i < totals.accidents.size(); ++i) {
    fmt::print("  {:<22}{:>10}\n", to_string(static_cast<Accident>(i)), totals.accidents[i]);
  }
  fmt::print("hostile data, in {} schedules:\n", totals.with_edge_data);
  for (std::size_t i = 0; i < totals.edges.size(); ++i) {
    fmt::print("  {:<22}{:>10}\n", to_string(static_cast<EdgeKind>(i)), totals.edges[i]);
  }
  fmt::print("what came to pass:\n");
  for (std::size_t i = 0; i < testing::happening_count; ++i) {
    const auto happening = static_cast<Happening>(i);
    fmt::print("  {:<26}{:>10}\n", to_string(happening), totals.happenings.of(happening));
  }
}

// What is drawn and never happens is not tested.
bool everything_happened(const Totals& totals) {
  bool all = true;
  const auto expect = [&all](const char* name, std::uint64_t times) {
    if (times > 0) return;
    fmt::print("never happened: {}\n", name);
    all = false;
  };
  for (std::size_t i = 0; i < totals.accidents.size(); ++i) {
    expect(to_string(static_cast<Accident>(i)), totals.accidents[i]);
  }
  for (std::size_t i = 0; i < testing::happening_count; ++i) {
    const auto happening = static_cast<Happening>(i);
    expect(to_string(happening), totals.happenings.of(happening));
  }
  for (std::size_t i = 0; i < totals.edges.size(); ++i) {
    expect(to_string(static_cast<EdgeKind>(i)), totals.edges[i]);
  }
  return all;
}

int verdict(const Options& options, const Campaign& campaign) {
  if (options.mutant == Mutant::none) {
    const bool sound = campaign.findings.violations() == 0;
    const bool enough =
        campaign.totals.schedules < schedules_for_all || everything_happened(campaign.totals);
    return sound && enough ? 0 : 1;
  }
  for (const Invariant invariant : broken_by(options.mutant)) {
    if (campaign.findings.violations(invariant) == 0) continue;
    fmt::print("the checker caught the mutant {} by {}\n", to_string(options.mutant),
               testing::to_string(invariant));
    return 0;
  }
  fmt::print("the checker did NOT catch the mutant {}\n", to_string(options.mutant));
  return 1;
}

void print_small(const Small& small, const ScheduleOptions& options) {
  fmt::print("smallest schedule found, after {} runs:\n", small.runs);
  for (const Json& definition : small.draft.definitions) fmt::print("  {}\n", definition.dump());
  for (const testing::PlannedStart& start : small.draft.starts) {
    fmt::print("  start {} at {} key {} input {} delay {}\n", start.type,
               describe_duration(start.at), start.key.value_or("(none)"), start.input.text(),
               describe_duration(start.delay.value_or(Duration::zero())));
  }
  if (!small.draft.policies.empty()) {
    fmt::print("  policies {}{}\n", small.draft.policies.dump(),
               small.draft.configured ? " (configured)" : "");
  }
  for (const testing::PlannedRequest& request : small.draft.requests) {
    fmt::print("  {} {} at {} of {} kin {}\n", to_string(request.verb), request.step,
               describe_duration(request.at), request.input.text(), request.kin);
  }
  for (const auto& [accident, label] : small.allowed) fmt::print("  {}\n", to_string(accident));
  const ScheduleResult result = run_schedule(small.draft, options);
  for (const std::string& line : result.trace) fmt::print("    {}\n", line);
  for (const std::string& sentence : result.findings.sentences()) fmt::print("{}\n", sentence);
}

}  // namespace

int show_one(const Options& options) {
  const ScheduleResult result = run_schedule(generate(options.seed, options.edge),
                                             {options.seed, options.mutant, nullptr, true});
  print_totals(options, result.totals, 1);
  if (result.findings.violations() == 0) {
    for (const std::string& line : result.trace) fmt::print("    {}\n", line);
    fmt::print("seed {}: nothing found\n", options.seed);
    return 0;
  }
  for (const std::string& sentence : result.findings.sentences()) {
    fmt::print("seed {}: {}\n", options.seed, sentence);
  }
  if (const auto small = shrink(options.seed, options.mutant, options.edge)) {
    print_small(*small, {options.seed, options.mutant, &small->allowed, true});
  }
  return 1;
}

int run_campaign(const Options& options) {
  Campaign campaign{options};
  const auto begin = Clock::now();
  campaign.run();
  const std::chrono::duration<double> took = Clock::now() - begin;
  print_totals(options, campaign.totals, took.count());
  campaign.findings.print(std::cout);
  std::cout.flush();
  for (const std::uint64_t seed : campaign.failures) {
    fmt::print("failed: again with skald_simulation --seed {}{}{}\n", seed,
               options.mutant == Mutant::none ? " --edge" : " --only ",
               options.mutant == Mutant::none ? "" : to_string(options.mutant));
  }
  const int code = verdict(options, campaign);
  const Totals& totals = campaign.totals;
  const std::uint64_t accidents =
      std::accumulate(totals.accidents.begin(), totals.accidents.end(), std::uint64_t{0});
  test::enter({"F1-simulation", std::to_string(options.seed), accidents, totals.sagas,
               totals.repeats, campaign.findings.violations(), options.mutant != Mutant::none,
               code == 0});
  return code;
}

}  // namespace skald::simulation
