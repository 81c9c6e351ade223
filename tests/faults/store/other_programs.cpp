// F9: another process reads for long while the engine works, so that the write-ahead log cannot
// begin anew; and another takes the write lock, which nobody but the owner should.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "holder.hpp"
#include "invariants.hpp"
#include "life.hpp"
#include "run.hpp"
#include "sanitized.hpp"
#include "vitals.hpp"

namespace skald::faults {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t mebibyte = 1024 * 1024;
// 16 MiB until a checkpoint, and what one more batch may add.
constexpr std::uint64_t log_limit = 26 * mebibyte;
constexpr std::size_t fat_bytes = 900'000;
// Beyond the two seconds that SQLite waits for a lock.
constexpr std::chrono::milliseconds lock_held{2'600};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};

class OtherPrograms {
 public:
  explicit OtherPrograms(const RunOptions& options) : options_(options), files_{make_directory()} {}

  RunResult run() {
    const std::uint64_t rounds = options_.length == 0 ? 1 : options_.length;
    {
      Life life(files_, options_.seed, {});
      for (std::uint64_t round = 0; round < rounds; ++round) {
        read_for_long(life);
        want_the_lock(life);
      }
      result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit), "not quiet");
      life.stop();
      result_.findings.expect(Invariant::I15, !life.engine().failure(), "the engine stopped: {}",
                              life.engine().failure().value_or(""));
    }
    result_.findings.expect(Invariant::I16, log_bytes(files_.store()) == 0,
                            "{} bytes are left in the log after a clean end",
                            log_bytes(files_.store()));
    const Tally tally = check_invariants(files_, acknowledged_, result_.findings);
    result_.sagas = tally.sagas;
    result_.duplicates = tally.repeats;
    std::filesystem::remove_all(files_.directory);
    return std::move(result_);
  }

 private:
  // 26 MB of starts; answers how many came in a second.
  double start_much(Life& life) {
    constexpr std::uint64_t many = 29;
    const auto begun = steady_clock::now();
    for (std::uint64_t i = 0; i < many; ++i) {
      const std::uint64_t number = next_++;
      Json input = input_of(number);
      input["note"] = std::string(fat_bytes, 'x');
      const SagaId id = life.engine().start(type_of(number), input, {.key = key_of(number)});
      acknowledged_.emplace(key_of(number), id);
    }
    const std::chrono::duration<double> took = steady_clock::now() - begun;
    return static_cast<double>(many) / took.count();
  }

  void read_for_long(Life& life) {
    const double before = start_much(life);
    Holder reader(files_.store(), false, files_.directory + "/holder.log");
    ++result_.fired;
    const double during = start_much(life);
    const std::uint64_t held_up = log_bytes(files_.store());
    result_.findings.expect(Invariant::I15, held_up > log_limit,
                            "the reader held nothing up: the log has {} bytes", held_up);
    // The control is a reader that never leaves: the log must be seen to grow.
    if (!options_.control) reader.let_go();
    start_much(life);
    const double after = start_much(life);
    const std::uint64_t grown = log_bytes(files_.store());
    result_.findings.expect(Invariant::I16, grown <= held_up + log_limit,
                            "the log went on growing after the reader left, from {} to {}", held_up,
                            grown);
    // A long reader costs, but it must not bring the engine to a halt.
    result_.findings.expect(Invariant::I15, during > before / 10,
                            "{:.0f} starts/s with a reader, {:.0f} without", during, before);
    result_.note += fmt::format(
        "a long reader: {:.0f} starts/s before, {:.0f} beside it, {:.0f} afterwards; log of {} MiB "
        "when it left, {} MiB 52 MB later\n",
        before, during, after, held_up / mebibyte, grown / mebibyte);
  }

  void want_the_lock(Life& life) {
    Holder writer(files_.store(), true, files_.directory + "/holder.log");
    ++result_.fired;
    std::uint64_t refused = 0;
    const auto until = steady_clock::now() + lock_held;
    const std::uint64_t number = next_++;
    while (steady_clock::now() < until) {
      try {
        acknowledged_.emplace(key_of(number), life.start(number));
        break;
      } catch (const Refused& refusal) {
        ++refused;
        result_.findings.expect(Invariant::I15, refusal.code() == Refused::Code::unavailable,
                                "a start was refused otherwise: {}", refusal.what());
      }
    }
    result_.findings.expect(Invariant::I15, refused > 0, "the lock held nobody up");
    writer.let_go();
    const auto freed = steady_clock::now();
    bool started = false;
    while (!started && steady_clock::now() < freed + quiet_limit) {
      try {
        acknowledged_.insert_or_assign(key_of(number), life.start(number));
        started = true;
      } catch (const Refused&) {
        ++refused;
      }
    }
    result_.findings.expect(Invariant::I15, started, "no start was taken after the lock was free");
    result_.note += fmt::format(
        "a foreign lock: {} starts refused; the next was taken {} ms after it was free\n", refused,
        std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - freed).count());
  }

  RunOptions options_;
  Files files_;
  RunResult result_;
  Acknowledged acknowledged_;
  std::uint64_t next_ = 0;
};

}  // namespace

RunResult hold_store(const RunOptions& options) { return OtherPrograms(options).run(); }

}  // namespace skald::faults
