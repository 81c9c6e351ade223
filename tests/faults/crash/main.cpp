// skald_crash_loop: lets engines and participants die at every named crash point, then checks that
// nothing was lost.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>

#include "broker.hpp"
#include "crash_loop.hpp"
#include "fault_ledger.hpp"
#include "invariants.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

using testing::Invariant;

struct Options {
  CrashOptions loop;
  WorkerOptions worker;
  std::string mutant = "none";
  bool test_broker = false;
  bool list = false;
  std::size_t fresh = 2;
  std::size_t few = crash_point_count;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--seed", options.loop.seed, "Of the order and the moments; also $SKALD_SEED")
      ->envname("SKALD_SEED");
  app.add_option("--fresh", options.fresh, "So many points also on a new store each");
  app.add_option("--few", options.few, "So many points only");
  app.add_flag("--list", options.list, "Name the points");
  app.add_option("--mutant", options.mutant, "Break a rule: the checker must catch it");
  app.add_flag("--deaf", options.loop.deaf, "Tell nobody to die: every point must be missed");
  app.add_option("--rabbitmq", options.loop.rabbitmq, "URL of a broker: its points");
  app.add_flag("--test-broker", options.test_broker, "Use the broker of $SKALD_TEST_BROKER");
  add_to(app, options.worker);
}

/// What all the stores of a run came to.
struct Sum {
  Findings findings;
  Deaths deaths;
  std::vector<CrashPoint> unreached;
  std::uint64_t lives = 0;
  std::uint64_t backups = 0;
  Tally tally;

  [[nodiscard]] std::uint64_t died() const {
    std::uint64_t times = 0;
    for (const auto& [point, count] : deaths) times += count;
    return times;
  }
};

void add(const Tally& tally, Tally& sum) {
  sum.sagas += tally.sagas;
  sum.turned_back += tally.turned_back;
  sum.deliveries += tally.deliveries;
  sum.repeats += tally.repeats;
  sum.effects += tally.effects;
  for (const auto& [status, count] : tally.by_status) sum.by_status[status] += count;
}

void run_store(const CrashOptions& options, const std::vector<CrashPoint>& points, Sum& sum) {
  const Files files{make_directory()};
  Findings findings;
  CrashLoop loop(options, files, findings);
  loop.run(points);
  add(check_invariants(files, loop.reports().acknowledged(), findings), sum.tally);
  for (const auto& [point, count] : loop.deaths()) sum.deaths[point] += count;
  sum.unreached.insert(sum.unreached.end(), loop.unreached().begin(), loop.unreached().end());
  sum.lives += loop.lives();
  sum.backups += loop.backups();
  sum.findings.add(findings);
  if (findings.violations() == 0 && loop.unreached().empty()) {
    std::filesystem::remove_all(files.directory);
  } else {
    fmt::print("files: {}; again with --seed {}\n", files.directory, options.seed);
  }
}

// Making a store first, in its order; then all in a drawn order, the migration among them.
std::vector<CrashPoint> story(const std::vector<CrashPoint>& points, std::mt19937_64& random) {
  std::vector<CrashPoint> shuffled = points;
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  std::vector<CrashPoint> story;
  for (const CrashPoint first :
       {CrashPoint::store_locked, CrashPoint::store_created, CrashPoint::schema_before_commit,
        CrashPoint::schema_after_commit}) {
    if (std::find(points.begin(), points.end(), first) != points.end()) story.push_back(first);
  }
  story.insert(story.end(), shuffled.begin(), shuffled.end());
  return story;
}

void print_report(const Options& options, const Sum& sum) {
  fmt::print("seed {}, {}, mutant {}\n", options.loop.seed,
             options.loop.rabbitmq.empty() ? "in-process" : "over RabbitMQ", options.mutant);
  fmt::print("deaths: {} at {} places, in {} lives; backups that were whole: {}\n", sum.died(),
             sum.deaths.size(), sum.lives, sum.backups);
  for (const CrashPoint point : sum.unreached) fmt::print("NOT reached: {}\n", to_string(point));
  fmt::print("sagas: {}, of them turned back: {};", sum.tally.sagas, sum.tally.turned_back);
  for (const auto& [status, count] : sum.tally.by_status) fmt::print(" {} {}", status, count);
  fmt::print("\ndeliveries: {}, of them repeated: {}; effects: {}\n", sum.tally.deliveries,
             sum.tally.repeats, sum.tally.effects);
  sum.findings.print(std::cout);
}

bool is_good(const Options& options, const Sum& sum) {
  if (options.loop.deaf) return sum.deaths.empty() && !sum.unreached.empty();
  if (sum.deaths.empty()) return false;
  if (options.loop.mutant == Mutant::none) {
    return sum.unreached.empty() && sum.findings.violations() == 0;
  }
  const auto broken = broken_by(options.loop.mutant);
  return std::any_of(broken.begin(), broken.end(), [&sum](Invariant invariant) {
    return sum.findings.violations(invariant) > 0;
  });
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

  std::vector<CrashPoint> points = points_of(!options.loop.rabbitmq.empty());
  if (options.list) {
    for (const CrashPoint point : points) fmt::print("{}\n", to_string(point));
    return 0;
  }
  std::mt19937_64 random(options.loop.seed);
  std::vector<CrashPoint> together = story(points, random);
  together.resize(std::min(together.size(), options.few));
  Sum sum;
  run_store(options.loop, together, sum);
  std::shuffle(points.begin(), points.end(), random);
  points.resize(std::min(points.size(), options.fresh));
  for (const CrashPoint point : points) run_store(options.loop, {point}, sum);
  print_report(options, sum);
  const bool good = is_good(options, sum);
  test::enter({options.loop.rabbitmq.empty() ? "F3-crash-points" : "F3-crash-points-rabbitmq",
               std::to_string(options.loop.seed), sum.died(), sum.tally.sagas, sum.tally.repeats,
               sum.findings.violations(), options.loop.deaf || options.loop.mutant != Mutant::none,
               good});
  fmt::print("{}\n", good ? "good" : "NOT good");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  CLI::App app{"Lets engines and participants die at every named crash point"};
  skald::faults::Options options;
  skald::faults::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::faults::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_crash_loop: " << error.what() << "\n";
    return 2;
  }
}
