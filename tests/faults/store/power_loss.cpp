// F6: the power fails again and again while an engine works; each time what is found afterwards
// must hold every start that had been acknowledged, and a record of every command that was
// delivered.
//
// The control opens the store with synchronous=NORMAL, from here only: an authorizer that lets the
// store's own pragma come to nothing.
#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>

#include "life.hpp"
#include "run.hpp"
#include "volatile_disk.hpp"

namespace skald::faults {
namespace {

constexpr std::uint64_t cuts_per_life = 20;
constexpr std::ptrdiff_t starts_per_cut = 5;
constexpr std::size_t starter_threads = 3;

int keep_normal(void*, int action, const char* pragma, const char* value, const char*,
                const char*) {
  if (action != SQLITE_PRAGMA || pragma == nullptr || value == nullptr) return SQLITE_OK;
  const bool full =
      sqlite3_stricmp(pragma, "synchronous") == 0 && sqlite3_stricmp(value, "FULL") == 0;
  return full ? SQLITE_IGNORE : SQLITE_OK;
}

int open_with_normal(sqlite3* connection, char**, const sqlite3_api_routines*) {
  const int code =
      sqlite3_exec(connection, "PRAGMA synchronous = NORMAL", nullptr, nullptr, nullptr);
  sqlite3_set_authorizer(connection, &keep_normal, nullptr);
  return code;
}

/// While it exists, connections are opened with synchronous=NORMAL.
class NormalSynchronous {
 public:
  NormalSynchronous() { sqlite3_auto_extension(entry()); }
  ~NormalSynchronous() { sqlite3_cancel_auto_extension(entry()); }
  NormalSynchronous(const NormalSynchronous&) = delete;
  NormalSynchronous& operator=(const NormalSynchronous&) = delete;

 private:
  static void (*entry())() { return reinterpret_cast<void (*)()>(&open_with_normal); }
};

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  if (!file.flush()) throw Error("cannot write " + path);
}

class PowerLoss {
 public:
  explicit PowerLoss(const RunOptions& options) : options_(options), random_(options.seed) {}

  RunResult run() {
    const std::uint64_t cuts = options_.length == 0 ? 200 : options_.length;
    const Files files{make_directory()};
    const std::string image = make_directory();
    while (cuts_ < cuts) live_and_cut(files, image);
    for (const std::string& folder : {files.directory, image}) {
      std::filesystem::remove_all(folder);
    }
    result_.sagas = next_;
    result_.note = fmt::format(
        "cuts: {}, of them with unsynced sectors lost: {}; sectors kept: {}, lost: {}\n"
        "starts acknowledged before a cut, at the last one: {}; engines that recovered: {}\n",
        cuts_, result_.fired, kept_, lost_, acknowledged_.size(), lives_);
    return std::move(result_);
  }

 private:
  // The files as the last cut left them are where the next engine begins.
  void live_and_cut(const Files& files, const std::string& image) {
    {
      VolatileDisk disk(files.directory);
      std::counting_semaphore<> starts{starts_per_cut};
      std::atomic<bool> over{false};
      std::jthread cutter([&] {
        for (std::uint64_t i = 0; i < cuts_per_life; ++i) {
          // Any moment is a good one for the power to fail.
          std::this_thread::sleep_for(std::chrono::microseconds{random_() % 8'000});
          cut(disk, files, image);
          starts.release(starts_per_cut);
        }
        over = true;
        starts.release(static_cast<std::ptrdiff_t>(starter_threads));
      });
      LifeOptions life_options;
      life_options.mutant = options_.mutant;
      Life life(files, options_.seed, life_options);
      ++lives_;
      std::vector<std::jthread> starters;
      for (std::size_t i = 0; i < starter_threads; ++i) {
        starters.emplace_back([&] { start_sagas(life, starts, over); });
      }
      starters.clear();
      cutter.join();
      life.stop();
    }
    // What was acknowledged after the last cut was never promised by what it left behind.
    const std::lock_guard lock(mutex_);
    acknowledged_.resize(acknowledged_at_cut_);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(files.store() + suffix);
    }
    for (const char* name : participant_names) std::filesystem::remove(files.deliveries(name));
    for (const auto& [name, bytes] : last_.files) write_file(files.directory + "/" + name, bytes);
  }

  void start_sagas(Life& life, std::counting_semaphore<>& starts, const std::atomic<bool>& over) {
    for (starts.acquire(); !over; starts.acquire()) {
      const std::uint64_t number = next_++;
      const SagaId id = life.start(number);
      const std::lock_guard lock(mutex_);
      acknowledged_.push_back(id);
    }
  }

  void cut(VolatileDisk& disk, const Files& files, const std::string& image) {
    // Whoever was told before the power failed must be right afterwards.
    std::vector<SagaId> known;
    {
      const std::lock_guard lock(mutex_);
      known = acknowledged_;
      acknowledged_at_cut_ = known.size();
    }
    const bool with_deliveries = cuts_ % 4 == 0 || cuts_per_life == cuts_ % cuts_per_life + 1;
    const auto delivered = with_deliveries ? deliveries(files) : std::vector<CommandId>{};
    constexpr std::array<double, 4> shares{0.0, 0.5, 0.9, 1.0};
    last_ = disk.cut(random_, shares[random_() % shares.size()]);
    ++cuts_;
    kept_ += last_.sectors_kept;
    lost_ += last_.sectors_lost;
    if (last_.sectors_lost > 0) ++result_.fired;
    for (const auto& entry : std::filesystem::directory_iterator(image)) {
      std::filesystem::remove(entry.path());
    }
    for (const auto& [name, bytes] : last_.files) write_file(image + "/" + name, bytes);
    examine(image, known, delivered);
  }

  static std::vector<CommandId> deliveries(const Files& files) {
    std::vector<CommandId> all;
    for (const char* name : participant_names) {
      const auto some = DeliveryLog::read(files.deliveries(name));
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  void examine(const std::string& image, const std::vector<SagaId>& known,
               const std::vector<CommandId>& delivered) {
    Findings& findings = result_.findings;
    try {
      SqliteStore store(image + "/engine.db");
      const auto problems = store.check();
      findings.expect(Invariant::I14, problems.empty(), "cut {}: {}", cuts_,
                      problems.empty() ? "" : problems.front());
      for (const SagaId& id : known) {
        findings.expect(Invariant::I1, !store.journal(id).empty(),
                        "cut {}: {} was acknowledged and is lost", cuts_, id.to_string());
      }
      std::map<SagaId, std::set<std::string>> issued;
      for (const CommandId& command : delivered) {
        auto [found, fresh] = issued.try_emplace(command.saga);
        if (fresh) found->second = issued_by(store, command.saga);
        // Those of an earlier life may belong to a start that a cut took back, unacknowledged.
        const bool lost = found->second.empty() && !contains(known, command.saga);
        findings.expect(Invariant::I10, lost || found->second.contains(command.to_string()),
                        "cut {}: {} was delivered and nothing says so", cuts_, command.to_string());
      }
    } catch (const Error& error) {
      findings.expect(Invariant::I14, false, "cut {}: cannot be opened: {}", cuts_, error.what());
    }
  }

  static bool contains(const std::vector<SagaId>& ids, const SagaId& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }

  static std::set<std::string> issued_by(SqliteStore& store, const SagaId& saga) {
    std::set<std::string> issued;
    const auto summary = store.summary(saga);
    const DefinitionPtr definition = summary ? store.definition(summary->definition) : nullptr;
    if (!definition) return issued;
    for (const JournalRow& row : store.journal(saga)) {
      for (const Event& event : row.events) {
        const auto* command = std::get_if<CommandIssued>(&event);
        if (command == nullptr) continue;
        const AttemptRef& attempt = command->attempt;
        issued.insert(CommandId{saga, definition->steps[attempt.step].name, attempt.direction,
                                attempt.attempt}
                          .to_string());
      }
    }
    return issued;
  }

  RunOptions options_;
  std::mt19937_64 random_;  // The cutter's.
  RunResult result_;        // The cutter's.
  std::mutex mutex_;
  std::vector<SagaId> acknowledged_;
  std::size_t acknowledged_at_cut_ = 0;
  VolatileDisk::Image last_;
  std::atomic<std::uint64_t> next_{0};
  std::uint64_t cuts_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t lives_ = 0;
};

}  // namespace

RunResult lose_power(const RunOptions& options) {
  if (!options.control) return PowerLoss(options).run();
  const NormalSynchronous normal;
  return PowerLoss(options).run();
}

}  // namespace skald::faults
