// F8: a small file system of its own is filled and freed again and again while sagas run; at the
// end it is read-only for a while. It is mounted where nobody else sees it, and goes with the
// process.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "invariants.hpp"
#include "life.hpp"
#include "run.hpp"
#include "sanitized.hpp"
#include "skald/sqlite_reader.hpp"

namespace skald::faults {
namespace {

using std::chrono::steady_clock;

constexpr const char* size = "size=6m";
// The engine tries a full disk again every 5 s at the latest.
constexpr std::chrono::seconds recovery_limit{8};
constexpr Duration quiet_limit = test::slowdown * Duration{30'000};
constexpr std::chrono::seconds full_limit{20};

/// Empty, or why this machine does not permit it.
std::string mount_small(const std::string& folder) {
  if (::unshare(CLONE_NEWNS) != 0) return fmt::format("unshare: {}", std::strerror(errno));
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", folder.c_str(), "tmpfs", 0, size) != 0) {
    return fmt::format("mount: {}", std::strerror(errno));
  }
  return {};
}

/// A file that takes all the room there is, as long as it exists.
class Ballast {
 public:
  explicit Ballast(std::string path) : path_(std::move(path)) { grow(); }
  ~Ballast() { std::filesystem::remove(path_); }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;
  /// Takes also what others have given back meanwhile.
  void grow() {
    const std::array<char, 4096> page{};
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    while (::write(file, page.data(), page.size()) > 0) {
    }
    ::close(file);
  }

 private:
  std::string path_;
};

class FullDisk {
 public:
  explicit FullDisk(const RunOptions& options) : options_(options) {}

  RunResult run() {
    files_.directory = make_directory();
    files_.store_directory = files_.directory + "/small";
    std::filesystem::create_directory(files_.store_directory);
    result_.skipped = mount_small(files_.store_directory);
    if (!result_.skipped.empty()) {
      std::filesystem::remove_all(files_.directory);
      return std::move(result_);
    }
    const std::uint64_t rounds = options_.length == 0 ? 4 : options_.length;
    fill_and_free(rounds);
    stop_on_full_disk();
    open_on_full_disk();
    if (options_.mutant == Mutant::none) remount_read_only();
    end();
    ::umount(files_.store_directory.c_str());
    std::filesystem::remove_all(files_.directory);
    return std::move(result_);
  }

 private:
  LifeOptions life_options() {
    LifeOptions options;
    options.mutant = options_.mutant;
    return options;
  }

  /// True when the start was acknowledged; refusals are judged.
  bool start(Life& life, std::uint64_t number) {
    try {
      acknowledged_.insert_or_assign(key_of(number), life.start(number));
      return true;
    } catch (const Refused& refused) {
      ++refused_;
      result_.findings.expect(
          Invariant::I15,
          refused.code() == Refused::Code::unavailable &&
              std::string(refused.what()).find("free some space") != std::string::npos,
          "a start was refused with: {}", refused.what());
      return false;
    }
  }

  std::string ballast() const { return files_.store_directory + "/ballast"; }

  void fill_and_free(std::uint64_t rounds) {
    Life life(files_, options_.seed, life_options());
    for (std::uint64_t round = 0; round < rounds; ++round) {
      for (int i = 0; i < 10; ++i) start(life, next_++);
      // With sagas under way, the room goes.
      {
        Ballast full(ballast());
        const auto until = steady_clock::now() + full_limit;
        bool refused = false;
        while (!refused && steady_clock::now() < until) {
          refused = !start(life, next_++);
          full.grow();
        }
        result_.findings.expect(Invariant::I15, refused || options_.mutant != Mutant::none,
                                "a full disk refused nothing");
        if (refused) ++result_.fired;
        check_reads(life);
      }
      const auto freed = steady_clock::now();
      bool taken = false;
      while (!taken && steady_clock::now() < freed + recovery_limit) taken = start(life, next_);
      ++next_;
      const auto took = steady_clock::now() - freed;
      slowest_ = std::max(slowest_, took);
      result_.findings.expect(Invariant::I15, taken, "no start was taken {} s after the room came",
                              recovery_limit.count());
    }
    if (options_.mutant == Mutant::none) {
      result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit), "not quiet");
    }
    life.stop();
    result_.findings.expect(Invariant::I15, !life.engine().failure(), "the engine stopped: {}",
                            life.engine().failure().value_or(""));
  }

  void check_reads(Life& life) {
    SqliteReader reader(files_.store());
    const auto sagas = reader.list({}, {}, 5);
    result_.findings.expect(Invariant::I15, !sagas.empty(), "a full disk cannot be read");
    for (const SagaSummary& summary : sagas) {
      result_.findings.expect(Invariant::I3, !reader.journal(summary.id).empty(),
                              "{} has no journal on a full disk", summary.id.to_string());
    }
    if (options_.mutant != Mutant::none || acknowledged_.empty()) return;
    const SagaId& some = acknowledged_.begin()->second;
    std::string answer = "no answer";
    try {
      if (life.engine().saga(some).id == some) answer.clear();
    } catch (const Refused& refused) {
      answer = life.engine().failure().value_or(refused.what());
    }
    result_.findings.expect(Invariant::I15, answer.empty(), "the engine on a full disk: {}",
                            answer);
  }

  void stop_on_full_disk() {
    Life life(files_, options_.seed, life_options());
    for (int i = 0; i < 10; ++i) start(life, next_++);
    const Ballast full(ballast());
    life.stop();
    ++result_.fired;
    result_.findings.expect(Invariant::I15, !life.engine().failure(),
                            "a clean stop on a full disk is a failure: {}",
                            life.engine().failure().value_or(""));
  }

  void open_on_full_disk() {
    Ballast full(ballast());
    try {
      Life life(files_, options_.seed, life_options());
      life.stop();
    } catch (const Error& error) {
      ++openings_refused_;
      result_.findings.expect(Invariant::I15,
                              std::string(error.what()).find("space") != std::string::npos,
                              "opening on a full disk: {}", error.what());
    }
    ++result_.fired;
  }

  void remount_read_only() {
    const char* where = files_.store_directory.c_str();
    if (::mount(nullptr, where, nullptr, MS_REMOUNT | MS_RDONLY, size) != 0) {
      result_.note += fmt::format("not remounted: {}\n", std::strerror(errno));
      return;
    }
    ++result_.fired;
    std::string refusal;
    try {
      const SqliteStore store(files_.store());
    } catch (const StoreError& error) {
      refusal = error.what();
    }
    result_.findings.expect(Invariant::I15, refusal.find("cannot ") != std::string::npos,
                            "a read-only disk was opened to write, or refused with: {}", refusal);
    std::string reading = "works";
    try {
      SqliteReader reader(files_.store());
      const auto count = reader.count({});
      result_.findings.expect(Invariant::I1, count >= acknowledged_.size(),
                              "{} sagas are read from a read-only disk", count);
    } catch (const StoreError& error) {
      reading = error.what();
    }
    result_.note += fmt::format("read-only: an owner gets \"{}\"; reading {}\n", refusal, reading);
    result_.findings.expect(Invariant::I15, reading == "works",
                            "a read-only disk cannot be read: {}", reading);
    if (::mount(nullptr, where, nullptr, MS_REMOUNT, size) != 0) {
      throw Error("cannot make the file system writable again");
    }
  }

  // With room, everything comes to its end.
  void end() {
    {
      Life life(files_, options_.seed, life_options());
      for (std::uint64_t number = 0; number < next_; ++number) start(life, number);
      if (options_.mutant == Mutant::none) {
        result_.findings.expect(Invariant::I15, life.await_quiet(quiet_limit), "not quiet");
      }
      life.stop();
    }
    const Tally tally = check_invariants(files_, acknowledged_, result_.findings);
    result_.sagas = tally.sagas;
    result_.duplicates = tally.repeats;
    result_.note += fmt::format(
        "starts refused: {}; openings refused: {}; at work again at the latest {} ms after\n",
        refused_, openings_refused_,
        std::chrono::duration_cast<std::chrono::milliseconds>(slowest_).count());
  }

  RunOptions options_;
  Files files_;
  RunResult result_;
  Acknowledged acknowledged_;
  std::uint64_t next_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t openings_refused_ = 0;
  steady_clock::duration slowest_{0};
};

}  // namespace

RunResult fill_disk(const RunOptions& options) { return FullDisk(options).run(); }

}  // namespace skald::faults
