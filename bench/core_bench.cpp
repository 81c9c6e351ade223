// skald_core_bench: what the pure core costs, without store, channel or clock: nanoseconds per
// transition, which is one decide() with its evolve().
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "setting.hpp"
#include "skald/decide.hpp"
#include "skald/error.hpp"

namespace skald::bench {
namespace {

constexpr int steps = 6;
constexpr int sagas_per_repetition = 20'000;
constexpr int repetitions = 7;

// Counts transitions, so that the arithmetic below cannot be wrong about how many there are.
class Runner {
 public:
  Runner() : definition_(definition_of(steps)), input_(payload()) {}

  void complete() {
    Saga saga = start();
    for (StepIndex step = 0; step < steps; ++step) reply(saga, {step, Direction::action, 1}, {});
    demand(saga, Status::completed);
  }

  /// The last step is rejected; the others are undone.
  void compensate() {
    Saga saga = start();
    constexpr StepIndex last = steps - 1;
    for (StepIndex step = 0; step < last; ++step) reply(saga, {step, Direction::action, 1}, {});
    reply(saga, {last, Direction::action, 1}, Outcome::rejected("NO"));
    for (StepIndex step = last; step-- > 0;) reply(saga, {step, Direction::compensate, 1}, {});
    demand(saga, Status::compensated);
  }

  [[nodiscard]] std::uint64_t transitions() const { return transitions_; }

 private:
  Saga start() {
    Saga saga;
    const SagaId id = SagaId::make(now_, 1, ++sagas_);
    apply(saga, StartRequested{id, {}, input_, {}, {}, {}});
    return saga;
  }
  void reply(Saga& saga, const AttemptRef& attempt, const Outcome& outcome) {
    apply(saga, ReplyReceived{attempt, outcome});
  }
  void apply(Saga& saga, const Input& input) {
    const Decision decision = decide(definition_, saga, input, now_, admission_);
    transitions_ += decision.events.empty() ? 0 : 1;
  }
  static void demand(const Saga& saga, Status status) {
    if (saga.status != status) throw Error("the saga took another way");
  }

  Definition definition_;
  JsonText input_;
  OpenAdmission admission_;
  Time now_{Duration{1}};
  std::uint64_t sagas_ = 0;
  std::uint64_t transitions_ = 0;
};

// How a graph's cost grows with its steps: `wide`: one step, then all at once, then one that
// follows all; otherwise a chain. With what an engine asks after every transition, the next wake.
class GraphRunner {
 public:
  GraphRunner(StepIndex count, bool wide) : definition_(graph(count, wide)), count_(count) {}

  double nanoseconds_per_transition() {
    std::vector<double> results;
    for (int i = 0; i < repetitions; ++i) {
      std::uint64_t transitions = 0;
      const auto began = std::chrono::steady_clock::now();
      while (transitions < transitions_per_repetition) transitions += run_one();
      const std::chrono::duration<double, std::nano> elapsed =
          std::chrono::steady_clock::now() - began;
      results.push_back(elapsed.count() / static_cast<double>(transitions));
    }
    std::sort(results.begin(), results.end());
    return results[results.size() / 2];
  }

 private:
  static constexpr std::uint64_t transitions_per_repetition = 60'000;

  static Definition graph(StepIndex count, bool wide) {
    Json list = Json::array();
    for (StepIndex i = 0; i < count; ++i) {
      Json step{{"name", fmt::format("s{}", i)},
                {"participant", "p"},
                {"action", "act"},
                {"compensation", "undo"}};
      if (wide && i > 0 && i + 1 < count) step["after"] = {"s0"};
      if (wide && i + 1 == count) {
        step["after"] = Json::array();
        for (StepIndex j = 1; j + 1 < count; ++j) step["after"].push_back(fmt::format("s{}", j));
      }
      list.push_back(std::move(step));
    }
    return make_definition({{"saga", "graph"}, {"version", 1}, {"steps", std::move(list)}});
  }

  std::uint64_t run_one() {
    Saga saga;
    StartRequested start;
    start.id = SagaId::make(now_, 1, ++sagas_);
    (void)decide(definition_, saga, start, now_, admission_);
    for (StepIndex step = 0; step < count_; ++step) {
      const ReplyReceived reply{{step, Direction::action, 1}, Outcome::success()};
      (void)decide(definition_, saga, reply, now_, admission_);
      (void)next_wake(definition_, saga);
    }
    if (saga.status != Status::completed) throw Error("the saga took another way");
    return count_ + 1;
  }

  Definition definition_;
  StepIndex count_;
  OpenAdmission admission_;
  Time now_{Duration{1}};
  std::uint64_t sagas_ = 0;
};

void report_graphs() {
  for (const bool wide : {false, true}) {
    for (const StepIndex count : {10U, 100U, 1000U}) {
      fmt::print("{:<40}{:>8.0f} ns per transition\n",
                 fmt::format("{} of {} steps", wide ? "fan" : "chain", count),
                 GraphRunner(count, wide).nanoseconds_per_transition());
    }
  }
}

double nanoseconds_each(void (Runner::*saga)()) {
  std::vector<double> results;
  for (int i = 0; i < repetitions; ++i) {
    Runner runner;
    const auto began = std::chrono::steady_clock::now();
    for (int n = 0; n < sagas_per_repetition; ++n) (runner.*saga)();
    const std::chrono::duration<double, std::nano> elapsed =
        std::chrono::steady_clock::now() - began;
    results.push_back(elapsed.count() / static_cast<double>(runner.transitions()));
  }
  std::sort(results.begin(), results.end());
  return results[results.size() / 2];
}

}  // namespace
}  // namespace skald::bench

int main() {
  using skald::bench::Runner;
  fmt::print("decide and evolve, six steps, 300-byte payload, median of {}\n",
             skald::bench::repetitions);
  fmt::print("{:<40}{:>8.0f} ns per transition\n", "completed",
             skald::bench::nanoseconds_each(&Runner::complete));
  fmt::print("{:<40}{:>8.0f} ns per transition\n", "turned back at the last step",
             skald::bench::nanoseconds_each(&Runner::compensate));
  skald::bench::report_graphs();
  return 0;
}
