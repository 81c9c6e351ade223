// Several processes at one database, all given the same commands in different orders.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <vector>

#include "barrier_bench.hpp"

namespace skald::test {
namespace {

constexpr int processes = 4;
constexpr std::uint64_t keys = 12;
constexpr int repeats = 3;

// Keys by number: 0 mod 3 only act; 1 mod 3 act and undo; 2 mod 3 claim, work and finish.
bool compete(const std::string& path, unsigned seed) {
  BarrierBench bench(path);
  std::vector<Command> commands;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (std::uint64_t n = 0; n < keys; ++n) {
      commands.push_back(barrier_command(Direction::action, n));
      if (n % 3 == 1) commands.push_back(barrier_command(Direction::compensate, n));
    }
  }
  std::shuffle(commands.begin(), commands.end(), std::mt19937(seed));
  for (const Command& command : commands) {
    const HandlerCall call(command, {});
    const auto number = call.input()["number"].get<std::uint64_t>();
    const Outcome good = Outcome::success({{"by", seed}});
    if (number % 3 != 2) {
      const Outcome outcome = bench.run(command, good);
      const bool barred = outcome.error.code == "COMPENSATED" && number % 3 == 1;
      if (outcome.kind != OutcomeKind::success && !barred) return false;
      continue;
    }
    auto claim = bench.barrier.claim(call, Duration{60'000});
    if (const auto* mine = std::get_if<Barrier::Claim>(&claim)) {
      if (bench.barrier.finish(*mine, call, BarrierBench::effect(good)) != good) return false;
    } else if (std::get<Outcome>(claim).kind != OutcomeKind::pending &&
               std::get<Outcome>(claim).kind != OutcomeKind::success) {
      return false;
    }
  }
  return true;
}

TEST_CASE("processes that compete for the same keys have each effect exactly once") {
  const TemporaryFolder folder;
  const std::string path = folder.file("payment.db");
  { const BarrierBench make_tables(path); }
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      bool good = false;
      try {
        good = compete(path, static_cast<unsigned>(i) + 1);
      } catch (const std::exception& error) {
        std::fputs(error.what(), stderr);
      }
      _exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  BarrierBench bench(path);
  for (std::uint64_t n = 0; n < keys; ++n) {
    CAPTURE(n);
    const std::int64_t acted = bench.effects(barrier_command(Direction::action, n));
    const std::int64_t undone = bench.effects(barrier_command(Direction::compensate, n));
    if (n % 3 == 1) {
      CHECK_MESSAGE(acted == undone, "net effect zero, whichever came first");
      CHECK(acted <= 1);
    } else {
      CHECK(acted == 1);
    }
  }
  CHECK(query_text(bench.database.handle(), "PRAGMA integrity_check") == "ok");
}

TEST_CASE("a process that is killed between effect and commit leaves nothing behind") {
  const TemporaryFolder folder;
  const std::string path = folder.file("payment.db");
  { const BarrierBench make_tables(path); }
  const Command action = barrier_command(Direction::action);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    BarrierBench bench(path);
    const auto die = [](const HandlerCall& call, sqlite3* tx) -> Outcome {
      static_cast<void>(BarrierBench::effect(Outcome::success())(call, tx));
      _exit(7);
    };
    static_cast<void>(bench.barrier.run(HandlerCall(action, {}), die));
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 7);
  BarrierBench bench(path);
  CHECK(bench.effects(action) == 0);
  CHECK(bench.run(action, Outcome::success()).kind == OutcomeKind::success);
  CHECK(bench.effects(action) == 1);
}

}  // namespace
}  // namespace skald::test
