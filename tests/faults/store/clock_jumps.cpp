// F18: between two lives of the engine the clock is set forward or back, by an hour or ten years,
// and in the end right. No timer fires before its time by the engine's clock; nothing is lost; and
// what fell due by a jump of more than a day is held, so that it can still be put right.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "fate.hpp"
#include "invariants.hpp"
#include "life.hpp"
#include "run.hpp"
#include "sanitized.hpp"

namespace skald::faults {
namespace {

constexpr Duration hour = std::chrono::hours{1};
constexpr Duration ten_years = std::chrono::hours{24 * 3652};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};
constexpr std::uint64_t sagas_per_life = 12;

/// The system's clock, set wrong by so much.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(Duration by) : by_(by) {}
  [[nodiscard]] Time now() const override { return right_.now() + by_.load(); }
  void set_forward(Duration by) { by_ = by_.load() + by; }

 private:
  SystemClock right_;
  std::atomic<Duration> by_;
};

class ClockJumps {
 public:
  explicit ClockJumps(const RunOptions& options)
      : options_(options), random_(options.seed), files_{make_directory()} {}

  RunResult run() {
    const std::uint64_t jumps = options_.length == 0 ? 16 : options_.length;
    constexpr std::array<Duration, 4> sizes{hour, -hour, ten_years, -ten_years};
    for (std::uint64_t i = 0; i < jumps; ++i) {
      // Each second life has the right clock, so that jumps go both ways from there.
      live(i % 2 == 0 ? sizes[(i / 2 + options_.seed) % sizes.size()] : Duration{0});
    }
    end();
    result_.note += fmt::format("lives with a wrong clock: {}, warned of a long absence: {}\n",
                                result_.fired, warnings_.load());
    std::filesystem::remove_all(files_.directory);
    return std::move(result_);
  }

 private:
  LifeOptions life_options(const Clock& clock) {
    LifeOptions options;
    options.mutant = options_.mutant;
    options.clock = &clock;
    options.log = [this](LogLevel, std::string_view text) {
      if (text.find("is held until") != std::string_view::npos) ++warnings_;
    };
    return options;
  }

  // Ends in the middle of the work: retries and timeouts are outstanding.
  void live(Duration wrong_by) {
    const WrongClock clock(wrong_by);
    if (wrong_by != Duration{0}) ++result_.fired;
    Life life(files_, options_.seed, life_options(clock));
    for (std::uint64_t i = 0; i < sagas_per_life; ++i) {
      const std::uint64_t number = next_++;
      acknowledged_.emplace(key_of(number), life.start(number));
    }
    (void)life.await_quiet(Duration{1 + static_cast<Duration::rep>(random_() % 40)});
    life.stop();
    result_.findings.expect(Invariant::I15, !life.engine().failure(), "the engine stopped: {}",
                            life.engine().failure().value_or(""));
  }

  void leave_retries(Duration ahead) {
    const WrongClock clock(ahead);
    Life life(files_, options_.seed, life_options(clock));
    std::uint64_t left = sagas_per_life;
    for (; left > 0; ++next_) {
      // The first step of each of these types is one of the two.
      const bool fails =
          fate_of(options_.seed, next_, "reserve", Direction::action) == Fate::failed_twice ||
          fate_of(options_.seed, next_, "flight", Direction::action) == Fate::failed_twice;
      if (!fails) continue;
      --left;
      acknowledged_.emplace(key_of(next_), life.start(next_));
    }
    (void)life.await_quiet(Duration{8});
    life.stop();
  }

  // What was set to a time ten years ahead comes when the clock gets there, and to an end then.
  void end() {
    // Leaves retries behind; the next engine finds them due by years, or none was left and it is
    // done once more.
    Duration ahead = ten_years + 2 * hour;
    for (int tries = 0; tries < 8 && warnings_ == 0; ++tries) {
      leave_retries(ahead);
      ahead += ten_years;
      const WrongClock clock(ahead);
      ++result_.fired;
      Life life(files_, options_.seed, life_options(clock));
      life.stop();
    }
    result_.findings.expect(Invariant::I15, warnings_ > 0, "a long absence went without a warning");
    WrongClock later(ahead + hour);
    {
      Life life(files_, options_.seed, life_options(later));
      // What is held is held for ten minutes; a start makes the engine look at its clock.
      later.set_forward(std::chrono::minutes{11});
      acknowledged_.emplace(key_of(next_), life.start(next_));
      result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit), "not quiet");
      life.stop();
    }
    judge();
  }

  void judge() {
    Findings findings;
    const Tally tally = check_invariants(files_, acknowledged_, findings);
    result_.sagas = tally.sagas;
    result_.duplicates = tally.repeats;
    result_.findings.add(findings);
  }

  RunOptions options_;
  std::mt19937_64 random_;
  Files files_;
  RunResult result_;
  Acknowledged acknowledged_;
  std::atomic<std::uint64_t> warnings_{0};
  std::uint64_t next_ = 0;
};

}  // namespace

RunResult set_clocks(const RunOptions& options) { return ClockJumps(options).run(); }

}  // namespace skald::faults
