// skald_data_faults: stories of hostile data from seeds, each judged by I18.
//
// Stories run in a child process, because some data may end a process (a stack that overflows) or
// hold it up for ever: then the seed is named, and another child goes on behind it.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "fault_ledger.hpp"
#include "memory/shared_page.hpp"
#include "sanitized.hpp"
#include "skald/error.hpp"
#include "story.hpp"

namespace skald::faults {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t stories = 150;
  int minutes = 0;
  std::string mutant = "none";
};

// A story of a second is a long one.
constexpr unsigned story_seconds_max = 60;
// From so many stories on, a kind that was never drawn or never came to pass fails the run.
constexpr std::uint64_t stories_for_all = 2'000;
// Of a thread, in some C libraries.
constexpr rlim_t stack_bytes = 2UL * 1024 * 1024;
constexpr rlim_t memory_bytes = 4UL * 1024 * 1024 * 1024;

class Campaign {
 public:
  Campaign(const Options& options, DataMutant mutant)
      : options_(options),
        mutant_(mutant),
        folder_(std::filesystem::temp_directory_path() / fmt::format("skald-data-{}", ::getpid())),
        until_(Clock::now() + std::chrono::minutes(options.minutes)),
        begin_(Clock::now()) {
    std::filesystem::create_directories(folder_);
    tally_->next_seed = options.seed;
  }
  ~Campaign() {
    std::error_code ignored;  // A folder that stays behind is no reason to fail.
    std::filesystem::remove_all(folder_, ignored);
  }
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;

  int run() {
    while (goes_on()) run_child();
    report();
    return verdict();
  }

 private:
  [[nodiscard]] bool goes_on() {
    if (mutant_ != DataMutant::none && tally_->violates(broken_by(mutant_))) return false;
    if (options_.minutes > 0) return Clock::now() < until_;
    return tally_->next_seed < options_.seed + options_.stories;
  }

  // Runs stories until the end or its own.
  void run_child() {
    std::cout.flush();
    const pid_t child = ::fork();
    if (child < 0) throw Error("cannot fork a process for the stories");
    if (child == 0) {
      limit_child();
      while (goes_on()) {
        ::alarm(story_seconds_max * test::slowdown);
        const StoryOptions story{tally_->next_seed, mutant_, folder_.string()};
        Story(story, *tally_).run();
        ++tally_->next_seed;
      }
      ::_exit(0);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child) throw Error("the stories' process is lost");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const std::string_view doing(tally_->doing.data());
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
      tally_->add_finding(
          Rule::E3, fmt::format("a story takes more than {} s, at: {}", story_seconds_max, doing));
    } else {
      tally_->add_finding(Rule::E1, fmt::format("the process ends by signal {} at: {}",
                                                WIFSIGNALED(status) ? WTERMSIG(status) : 0, doing));
    }
    ++tally_->next_seed;
  }

  static void limit_child() {
    if constexpr (test::memory_can_be_judged) {
      const rlimit stack{stack_bytes, stack_bytes};
      const rlimit memory{memory_bytes, memory_bytes};
      if (::setrlimit(RLIMIT_STACK, &stack) != 0 || ::setrlimit(RLIMIT_AS, &memory) != 0) {
        throw Error("cannot limit the stories' process");
      }
    }
  }

  void report() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    fmt::print("F23: hostile data, seed {}, mutant {}: {} stories in {:.1f} s, {} sagas\n",
               options_.seed, to_string(mutant_), tally_->stories, seconds, tally_->sagas);
    const auto print_effort = [](const char* of, const Effort& e) {
      fmt::print("{}: {:.0f} ms by {} decisions, {} bytes, {} rows\n", of, e.ms(), e.decisions,
                 e.bytes, e.rows);
    };
    print_effort("longest turn", tally_->longest_turn);
    print_effort("longest start of a neighbour", tally_->longest_start);
    fmt::print("drawn:\n");
    for (std::size_t i = 0; i < testing::edge_count; ++i) {
      fmt::print("  {:<32}{:>10}\n", testing::to_string(static_cast<testing::Edge>(i)),
                 tally_->drawn[i]);
    }
    fmt::print("came to pass:\n");
    for (std::size_t i = 0; i < deed_count; ++i) {
      fmt::print("  {:<32}{:>10}\n", to_string(static_cast<Deed>(i)), tally_->deeds[i]);
    }
    for (std::size_t i = 0; i < rule_count; ++i) {
      fmt::print("{}: {} checks\n", to_string(static_cast<Rule>(i)), tally_->checked[i]);
    }
    for (std::size_t i = 0; i < tally_->kinds_found; ++i) {
      const Found& found = tally_->found[i];
      fmt::print("{} ({} times, first with --seed {}): {}\n", to_string(found.rule), found.times,
                 found.seed, found.example.data());
    }
  }

  [[nodiscard]] bool everything_happened() {
    bool all = true;
    const auto expect = [&all](const char* name, std::uint64_t times) {
      if (times > 0) return;
      fmt::print("never happened: {}\n", name);
      all = false;
    };
    for (std::size_t i = 0; i < testing::edge_count; ++i) {
      expect(testing::to_string(static_cast<testing::Edge>(i)), (*tally_).drawn[i]);
    }
    for (std::size_t i = 0; i < deed_count; ++i) {
      expect(to_string(static_cast<Deed>(i)), (*tally_).deeds[i]);
    }
    return all;
  }

  int verdict() {
    const bool broken = mutant_ != DataMutant::none;
    const bool found = broken ? tally_->violates(broken_by(mutant_)) : tally_->kinds_found > 0;
    const bool enough = broken || tally_->stories < stories_for_all || everything_happened();
    const bool good = found == broken && enough && tally_->stories > 0;
    std::uint64_t fired = 0;
    for (std::size_t i = 0; i < testing::edge_count; ++i) fired += tally_->drawn[i];
    test::enter({"F23-data", std::to_string(options_.seed), fired, tally_->sagas, 0,
                 tally_->violations(), broken, good});
    fmt::print("{}; again with: --seed {}{}\n",
               good ? (broken ? "caught, as it must be" : "good") : "NOT good", options_.seed,
               broken ? std::string(" --mutant ") + to_string(mutant_) : "");
    return good ? 0 : 1;
  }

  const Options& options_;
  DataMutant mutant_;
  std::filesystem::path folder_;
  Clock::time_point until_;
  Clock::time_point begin_;
  SharedPage<Tally> tally_;
};

}  // namespace
}  // namespace skald::faults

int main(int argc, char** argv) {
  using namespace skald::faults;
  CLI::App app{"Feeds an engine with hostile data, and checks that no saga harms another"};
  Options options;
  app.add_option("--seed", options.seed, "First seed; also $SKALD_SEED")->envname("SKALD_SEED");
  app.add_option("--stories", options.stories, "Stories to run, one per seed");
  app.add_option("--minutes", options.minutes, "Run for so long instead");
  app.add_option("--mutant", options.mutant, "Break a rule: it must be caught");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto mutant = parse_data_mutant(options.mutant);
    if (!mutant) throw skald::Error("there is no mutant " + options.mutant);
    return Campaign(options, *mutant).run();
  } catch (const std::exception& error) {
    std::cerr << "skald_data_faults: " << error.what() << "\n";
    return 2;
  }
}
