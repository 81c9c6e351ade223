// F17: who may write. The command becomes the owner for one request again and again while engines
// come and go; a stopped owner is not taken over; one that was taken over by force writes nothing
// more; and of all connections only the owner's ever takes the locks for writing and checkpoints.
#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "faulty_vfs.hpp"
#include "invariants.hpp"
#include "life.hpp"
#include "lock_witness.hpp"
#include "reports.hpp"
#include "run.hpp"
#include "skald/sqlite_reader.hpp"
#include "worker_options.hpp"

namespace skald::faults {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds patience{60};
constexpr int exit_unavailable = 5;

class Owners {
 public:
  explicit Owners(const RunOptions& options)
      : options_(options), random_(options.seed), files_{make_directory()} {}

  RunResult run() {
    const std::uint64_t races = options_.length == 0 ? 60 : options_.length;
    Reports reports(result_.findings);
    Assignment engine = assignment();
    engine.end = 1;  // So that the store has definitions.
    run_engine(engine, reports);
    for (std::uint64_t i = 1; i <= races; ++i) race(i, reports);
    stopped_owner(reports, races);
    end(reports, races);
    forced_takeover();
    one_writer();
    std::filesystem::remove_all(files_.directory);
    return std::move(result_);
  }

 private:
  Assignment assignment() const {
    Assignment assignment;
    assignment.files = files_;
    assignment.seed = options_.seed;
    assignment.over_control = true;
    return assignment;
  }

  std::string log() const { return files_.directory + "/engine.log"; }

  void run_engine(const Assignment& engine, Reports& reports) {
    Process process(engine_words(engine), log());
    (void)reports.await("worked", process, steady_clock::now() + patience);
    result_.findings.expect(Invariant::I15, process.finish() == 0, "an engine failed: see {}",
                            log());
    reports.take_lines(process, steady_clock::now() + patience);
  }

  /// `skald start` of this saga.
  Process command(std::uint64_t number) const {
    return Process({"--store", files_.store(), "start", type_of(number), "--key", key_of(number),
                    "--input", input_of(number).dump()},
                   files_.directory + "/command.log", {}, SKALD_PROGRAM);
  }

  // An engine that starts one saga, and a command that starts another, at about the same time.
  void race(std::uint64_t i, Reports& reports) {
    Assignment engine = assignment();
    engine.first = 2 * i;
    engine.end = 2 * i + 1;
    const std::chrono::microseconds lead{random_() % 20'000};
    const bool command_first = random_() % 2 == 0;
    std::optional<Process> one;
    std::optional<Process> other;
    (command_first ? one.emplace(command(2 * i + 1)) : one.emplace(engine_words(engine), log()));
    std::this_thread::sleep_for(lead);  // The race is about who is how far.
    (command_first ? other.emplace(engine_words(engine), log())
                   : other.emplace(command(2 * i + 1)));
    take_command(command_first ? *one : *other, 2 * i + 1);
    Process& engine_process = command_first ? *other : *one;
    const bool worked = reports.await("worked", engine_process, steady_clock::now() + patience);
    result_.findings.expect(Invariant::I15, worked && engine_process.finish() == 0,
                            "race {}: the engine did not get to work: see {}", i, log());
    ++result_.fired;
  }

  void take_command(Process& process, std::uint64_t number) {
    const auto line = process.line(steady_clock::now() + patience);
    const auto id = line ? SagaId::parse(*line) : std::nullopt;
    const int code = process.finish();
    result_.findings.expect(Invariant::I15, code == 0 && id, "skald start of {} ended with {}: {}",
                            key_of(number), code, line.value_or("no id"));
    if (id) acknowledged_.emplace(key_of(number), *id);
  }

  // It keeps the store for as long as it lives; its death frees it.
  void stopped_owner(Reports& reports, std::uint64_t races) {
    Assignment engine = assignment();
    engine.over_control = false;  // Nobody answers at its socket, so the lock decides.
    engine.first = engine.end = 0;
    Process owner(engine_words(engine), log());
    (void)reports.await("worked", owner, steady_clock::now() + patience);
    ::kill(owner.pid(), SIGSTOP);
    const std::uint64_t number = 2 * races + 3;
    Process refused = command(number);
    const auto line = refused.line(steady_clock::now() + patience);
    const int code = refused.finish();
    std::ifstream file(files_.directory + "/command.log");
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    result_.findings.expect(Invariant::I11, !line && code == exit_unavailable,
                            "a stopped owner was taken over, or the exit code is {}", code);
    result_.findings.expect(Invariant::I11,
                            said.find(fmt::format("process {}", owner.pid())) != std::string::npos,
                            "the refusal does not name process {}: {}", owner.pid(), said);
    (void)owner.kill();
    Process welcome = command(number);
    take_command(welcome, number);
    ++result_.fired;
  }

  void end(Reports& reports, std::uint64_t races) {
    Assignment engine = assignment();
    engine.first = 2 * races;
    engine.end = 2 * races + 1;
    engine.until_quiet = true;
    Process process(engine_words(engine), log());
    reports.take_lines(process, steady_clock::now() + patience);
    result_.findings.expect(Invariant::I15, reports.quiet() && process.finish() == 0,
                            "not quiet: see {}", log());
    Acknowledged all = reports.acknowledged();
    all.insert(acknowledged_.begin(), acknowledged_.end());
    const Tally tally = check_invariants(files_, all, result_.findings);
    result_.sagas = tally.sagas;
    result_.duplicates = tally.repeats;
    result_.note = fmt::format("races of a command and an engine: {}; starts acknowledged: {}\n",
                               races, all.size());
  }

  // The lock does not let it come to this; if it ever does, the epoch decides.
  void forced_takeover() {
    const Files files{make_directory()};
    test::FaultyVfs disk;
    {
      Life old(files, options_.seed);
      old.start(0);
      (void)old.await_quiet(Duration{10'000});
      sqlite3* other = nullptr;
      const bool taken =
          sqlite3_open_v2(files.store().c_str(), &other, SQLITE_OPEN_READWRITE, "unix") ==
              SQLITE_OK &&
          sqlite3_busy_timeout(other, 5'000) == SQLITE_OK &&
          sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) == SQLITE_OK &&
          (options_.control || sqlite3_exec(other, "UPDATE meta SET epoch = epoch + 1", nullptr,
                                            nullptr, nullptr) == SQLITE_OK);
      if (!taken) throw Error("cannot take the store over");
      // Counts what the old owner still writes, its end included.
      disk.fail({test::DiskOperation::write, SQLITE_OK, 1, true, false}, [](std::string_view name) {
        return name.find("engine.db") != std::string_view::npos;
      });
      bool refused = false;
      try {
        old.start(1);
      } catch (const Refused&) {
        refused = true;
      }
      const std::string why = old.engine().failure().value_or("");
      result_.findings.expect(Invariant::I11,
                              refused && why.find("taken over") != std::string::npos,
                              "an owner that was taken over goes on, or says: {}", why);
      old.stop();
      sqlite3_close(other);
    }
    result_.findings.expect(Invariant::I11, disk.fired() == 0,
                            "an owner that was taken over wrote {} times", disk.fired());
    ++result_.fired;
    std::filesystem::remove_all(files.directory);
  }

  // Under load, beside readers of every kind.
  void one_writer() {
    const Files files{make_directory()};
    test::LockWitness witness;
    {
      Life life(files, options_.seed);
      std::jthread readers([&](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          SqliteReader reader(files.store());
          for (const SagaSummary& summary : reader.list({}, {}, 20)) {
            (void)reader.journal(summary.id);
          }
          (void)reader.check();
          reader.backup(fmt::format("{}/copy-{}.db", files.directory, i));
          ++reads_;
        }
      });
      Json input = input_of(0);
      input["note"] = std::string(900'000, 'x');  // So that there are checkpoints, too.
      for (std::uint64_t n = 0; n < 45; ++n) {
        life.engine().start(type_of(n), input, {.key = key_of(n)});
      }
      readers.request_stop();
      readers.join();
      life.stop();
    }
    const auto counted = witness.of(files.store());
    result_.findings.expect(Invariant::I11, counted.writers == 1 && counted.checkpointers == 1,
                            "{} connections wrote and {} checkpointed", counted.writers,
                            counted.checkpointers);
    result_.findings.expect(Invariant::I11, counted.readers > 1, "nobody read beside the owner");
    result_.note += fmt::format(
        "connections to one store: {} opened, {} read, {} wrote, {} checkpointed; {} rounds of "
        "readers with check and backup\n",
        counted.opened, counted.readers, counted.writers, counted.checkpointers, reads_.load());
    std::filesystem::remove_all(files.directory);
  }

  RunOptions options_;
  std::mt19937_64 random_;
  Files files_;
  RunResult result_;
  Acknowledged acknowledged_;
  std::atomic<std::uint64_t> reads_{0};
};

}  // namespace

RunResult contend_for_store(const RunOptions& options) { return Owners(options).run(); }

}  // namespace skald::faults
