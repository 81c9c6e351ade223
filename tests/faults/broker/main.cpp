// skald_broker_faults: does to the broker, and to the way there, what befalls them in life, then
// checks that nothing was lost, doubled or undone wrongly.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "fault_ledger.hpp"
#include "story.hpp"

namespace skald::faults {
namespace {

struct Options {
  std::string story;
  std::uint64_t seed = 1;
  std::uint64_t length = 1;
  int minutes = 0;
  bool control = false;
  bool keep = false;
  bool list = false;
};

void print_report(const StoryEntry& entry, const Story& story) {
  fmt::print("{}, seed {}{}\n", entry.name, story.seed, story.control ? ", control" : "");
  fmt::print("fired:");
  for (const auto& [kind, times] : story.fired) fmt::print(" {} {};", times, kind);
  const Tally& tally = story.tally;
  fmt::print("\nsagas: {}, of them turned back: {};", tally.sagas, tally.turned_back);
  for (const auto& [status, count] : tally.by_status) fmt::print(" {} {}", status, count);
  fmt::print("\ndeliveries: {}, duplicates: {}; effects: {}; attempts without answer: {}\n",
             tally.deliveries, tally.repeats, tally.effects, tally.timeouts);
  for (const std::string& fact : story.facts) fmt::print("  {}\n", fact);
  story.findings.print(std::cout);
  std::cout.flush();
}

bool all_fired(const Story& story) {
  bool all = !story.fired.empty();
  for (const auto& [kind, times] : story.fired) {
    if (times > 0) continue;
    fmt::print("FAILED: no fault fired of the kind: {}\n", kind);
    all = false;
  }
  if (story.demands_duplicates && story.tally.repeats == 0) {
    fmt::print("FAILED: no duplicate was seen, so nothing was shown about duplicates\n");
    all = false;
  }
  return all;
}

bool is_good(const StoryEntry& entry, const Story& story) {
  if (!all_fired(story)) return false;
  if (!story.control) return story.findings.violations() == 0;
  for (const Invariant invariant : entry.caught_by) {
    if (story.findings.violations(invariant) == 0) continue;
    fmt::print("the checks caught the control by {}\n", to_string(invariant));
    return true;
  }
  fmt::print("FAILED: the checks did NOT catch the control\n");
  return false;
}

bool run_once(const StoryEntry& entry, const Options& options) {
  Story story;
  story.seed = options.seed;
  story.length = options.length;
  story.control = options.control;
  story.keep = options.keep;
  entry.run(story);
  print_report(entry, story);
  const bool good = is_good(entry, story);
  std::uint64_t fired = 0;
  for (const auto& [kind, times] : story.fired) fired += times;
  test::enter({entry.name, std::to_string(story.seed), fired, story.tally.sagas,
               story.tally.repeats, story.findings.violations(), story.control, good});
  return good;
}

int run(Options& options) {
  if (options.list) {
    for (const StoryEntry& entry : stories()) fmt::print("{}\n", entry.name);
    return 0;
  }
  const auto found =
      std::find_if(stories().begin(), stories().end(),
                   [&options](const StoryEntry& entry) { return entry.name == options.story; });
  if (found == stories().end())
    throw Error("there is no story '" + options.story + "'; see --list");
  if (options.control && found->caught_by.empty()) throw Error("this story has no control");
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{options.minutes};
  do {
    if (!run_once(*found, options)) return 1;
    ++options.seed;
  } while (std::chrono::steady_clock::now() < until);
  return 0;
}

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  CLI::App app{"Disturbs a broker and the way to it, then checks that nothing was lost"};
  skald::faults::Options options;
  app.add_option("story", options.story, "Which one; --list names them");
  app.add_option("--seed", options.seed, "Of all that is left to chance; also $SKALD_SEED")
      ->envname("SKALD_SEED");
  app.add_option("--length", options.length, "Do so many times as much as the short form")
      ->check(CLI::PositiveNumber);
  app.add_option("--minutes", options.minutes, "Repeat with further seeds for so long");
  app.add_flag("--control", options.control, "Break the rule: the checks must catch it");
  app.add_flag("--keep", options.keep, "Keep the files even when nothing was found");
  app.add_flag("--list", options.list, "Name the stories");
  CLI11_PARSE(app, argc, argv);
  try {
    return skald::faults::run(options);
  } catch (const std::exception& error) {
    std::cerr << "skald_broker_faults: " << error.what() << "\n";
    return 2;
  }
}
