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
  return 0;
}
