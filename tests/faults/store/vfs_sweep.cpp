// F5: one operation of the disk fails, the Nth of its kind, once or for good, while a store is
// made, sagas run to their end, a backup is made and the store is closed; then all is opened again
// on a disk that is well.
#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <optional>

#include "faulty_vfs.hpp"
#include "invariants.hpp"
#include "life.hpp"
#include "run.hpp"

namespace skald::faults {
namespace {

using test::DiskFault;
using test::DiskOperation;
using test::FaultyVfs;

struct Kind {
  DiskOperation operation;
  int code;
  bool half = false;
  std::uint64_t slow_step = 1;  ///< Those that SQLite waits for are tried less often.
};

constexpr std::array kinds{
    Kind{DiskOperation::open, SQLITE_CANTOPEN},
    Kind{DiskOperation::read, SQLITE_IOERR_READ},
    Kind{DiskOperation::write, SQLITE_IOERR_WRITE},
    Kind{DiskOperation::write, SQLITE_IOERR_WRITE, true},
    Kind{DiskOperation::write, SQLITE_FULL},
    Kind{DiskOperation::write, SQLITE_FULL, true},
    Kind{DiskOperation::sync, SQLITE_IOERR_FSYNC},
    Kind{DiskOperation::truncate, SQLITE_IOERR_TRUNCATE},
    Kind{DiskOperation::size, SQLITE_IOERR_FSTAT},
    Kind{DiskOperation::lock, SQLITE_IOERR_LOCK},
    Kind{DiskOperation::lock, SQLITE_BUSY, false, 40},
    Kind{DiskOperation::shm_lock, SQLITE_IOERR_SHMLOCK},
    Kind{DiskOperation::shm_lock, SQLITE_BUSY, false, 40},
    Kind{DiskOperation::shm_map, SQLITE_IOERR_SHMMAP},
    Kind{DiskOperation::remove, SQLITE_IOERR_DELETE},
    Kind{DiskOperation::access, SQLITE_IOERR_ACCESS},
};

constexpr std::size_t sagas_per_life = 2;
constexpr Duration healthy_limit{20'000};
// On a disk that stays full nothing comes to an end; the engine must have met it by then.
constexpr Duration sick_limit{60};

bool is_stores(std::string_view name) { return name.find("engine.db") != std::string_view::npos; }

class Sweep {
 public:
  explicit Sweep(const RunOptions& options) : options_(options) {}

  RunResult run() {
    const std::uint64_t goal = options_.length == 0 ? 150 : options_.length;
    // Each kind gets its share; the first N are those that open a store, so none is left out.
    for (const Kind& kind : kinds) {
      for (const bool lasting : {false, true}) sweep(kind, lasting, goal / (2 * kinds.size()) + 1);
    }
    result_.note += fmt::format(
        "operations of a life that can fail, each in its ways: {}; tried: {}\n", all_, lives_);
    result_.note += fmt::format(
        "lives broken: {}; engines that stopped: {}; openings refused: {}; "
        "starts acknowledged: {}, refused: {}\n",
        lives_, failures_, refusals_, acknowledged_, refused_starts_);
    return std::move(result_);
  }

 private:
  // N grows until the life comes to its end unharmed; in between, steps of which the seed says
  // where they begin, and that fit the share.
  void sweep(const Kind& kind, bool lasting, std::uint64_t share) {
    const std::uint64_t all = met_in_a_life(kind);
    const std::uint64_t least = lasting ? kind.slow_step : 1;
    const std::uint64_t step = std::max<std::uint64_t>(least, (all + share - 1) / share);
    all_ += all;
    for (std::uint64_t nth = 1 + (options_.seed * 7919) % step; nth <= all; nth += step) {
      break_one({kind.operation, kind.code, nth, lasting, kind.half});
    }
  }

  // How many such operations an unharmed life has.
  std::uint64_t met_in_a_life(const Kind& kind) {
    const auto known = met_.find(kind.operation);
    if (known != met_.end()) return known->second;
    const Files files{make_directory()};
    FaultyVfs disk;
    // Never fires: a code of "fine" from the first on counts them all.
    disk.fail({kind.operation, SQLITE_OK, 1, true, false}, &is_stores);
    numbers_ = swift_sagas(options_.seed, 0, sagas_per_life);
    Acknowledged acknowledged;
    (void)live(files, disk, acknowledged);
    const std::uint64_t met = disk.fired();
    std::filesystem::remove_all(files.directory);
    return met_[kind.operation] = met;
  }

  void break_one(const DiskFault& fault) {
    const Files files{make_directory()};
    const std::string name =
        fmt::format("{} {} number {}{}{}", test::to_string(fault.operation), fault.code, fault.nth,
                    fault.lasting ? " and on" : "", fault.half ? ", half written" : "");
    const std::uint64_t before = result_.findings.violations();
    // Others each time, so that some turn back.
    numbers_ = swift_sagas(options_.seed, 3 * lives_, sagas_per_life);
    Acknowledged acknowledged;
    {
      FaultyVfs disk;
      disk.fail(fault, &is_stores);
      const auto trouble = live(files, disk, acknowledged);
      ++lives_;
      result_.fired += disk.fired();
      check_trouble(name, fault, disk, trouble);
    }
    recover(name, files, acknowledged);
    if (result_.findings.violations() == before) {
      std::filesystem::remove_all(files.directory);
    } else if (options_.mutant == Mutant::none) {
      result_.note += fmt::format("{}: files in {}\n", name, files.directory);
    }
  }

  struct Trouble {
    std::optional<std::string> opening;  ///< Why the store could not be opened.
    std::optional<std::string> failure;  ///< Why the engine stopped.
  };

  Trouble live(const Files& files, FaultyVfs& disk, Acknowledged& acknowledged) {
    Trouble trouble;
    LifeOptions life_options;
    life_options.mutant = options_.mutant;
    std::optional<Life> life;
    try {
      life.emplace(files, options_.seed, life_options);
    } catch (const Error& error) {
      ++refusals_;
      trouble.opening = error.what();
      return trouble;
    }
    for (const std::uint64_t number : numbers_) {
      try {
        acknowledged.emplace(key_of(number), life->start(number));
        ++acknowledged_;
      } catch (const Refused&) {
        ++refused_starts_;
      }
    }
    if (!life->await_quiet(sick_limit) && disk.fired() == 0) {
      (void)life->await_quiet(healthy_limit);
    }
    life->stop();
    trouble.failure = life->engine().failure();
    if (trouble.failure) ++failures_;
    try {
      life->store().backup(files.directory + "/backup.db");
    } catch (const StoreError&) {
      // Refused with the disk's error; there must be no half of one under that name.
      result_.findings.expect(Invariant::I14,
                              !std::filesystem::exists(files.directory + "/backup.db"),
                              "a backup failed and is there");
    }
    return trouble;
  }

  void check_trouble(const std::string& name, const DiskFault& fault, const FaultyVfs& disk,
                     const Trouble& trouble) {
    if (disk.fired() == 0) return;
    for (const auto& text : {trouble.opening, trouble.failure}) {
      if (!text) continue;
      result_.findings.expect(Invariant::I15, text->find("cannot ") != std::string::npos,
                              "{}: the message does not say what could not be done: {}", name,
                              *text);
    }
    if (fault.operation != DiskOperation::sync || !trouble.failure) return;
    result_.findings.expect(Invariant::I14, disk.fired() == 1 && disk.since(fault.operation) == 0,
                            "{}: {} more fsyncs were asked of a disk that had failed one", name,
                            disk.since(fault.operation));
  }

  void recover(const std::string& name, const Files& files, const Acknowledged& acknowledged) {
    Findings findings;
    try {
      LifeOptions life_options;
      life_options.mutant = options_.mutant;
      Life life(files, options_.seed, life_options);
      for (const std::uint64_t number : numbers_) {
        const SagaId id = life.start(number);
        const auto known = acknowledged.find(key_of(number));
        findings.expect(Invariant::I1, known == acknowledged.end() || known->second == id,
                        "{}: {} was acknowledged and is another now", name, key_of(number));
      }
      const Duration limit = options_.mutant == Mutant::none ? healthy_limit : Duration{300};
      findings.expect(Invariant::I15, life.await_quiet(limit), "{}: not quiet", name);
      life.stop();
    } catch (const Error& error) {
      findings.expect(Invariant::I14, false, "{}: reopening failed: {}", name, error.what());
    }
    const Tally tally = check_invariants(files, acknowledged, findings);
    result_.sagas += tally.sagas;
    result_.duplicates += tally.repeats;
    result_.findings.add(findings);
  }

  RunOptions options_;
  RunResult result_;
  std::map<DiskOperation, std::uint64_t> met_;
  std::vector<std::uint64_t> numbers_;
  std::uint64_t all_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_starts_ = 0;
};

}  // namespace

RunResult sweep_disk_operations(const RunOptions& options) { return Sweep(options).run(); }

}  // namespace skald::faults
