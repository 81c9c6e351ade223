#include "backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "files.hpp"
#include "skald/crash_point.hpp"
#include "skald/error.hpp"
#include "sqlite/error.hpp"

namespace skald {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int pages_per_step = 64;
// A commit that comes meanwhile waits for so long, and for one step.
constexpr auto slice_time = std::chrono::milliseconds(2);
constexpr int pauses_per_slice = 14;
constexpr auto pause_max = std::chrono::milliseconds(250);

/// A file that is filled under another name; goes away again unless it is published.
class NewFile {
 public:
  explicit NewFile(const std::string& target) : target_(target), path_(target + ".partial") {
    require_path(target);
    std::error_code ignored;  // What cannot be looked at cannot be created, which says why.
    if (std::filesystem::exists(target, ignored)) {
      throw StoreError(StoreError::Kind::failed,
                       fmt::format("{} exists already; give the backup another name", target));
    }
    if (!create_private_file(path_)) {
      throw StoreError(StoreError::Kind::failed,
                       fmt::format("{} exists already: another backup is being made, or one was "
                                   "broken off; remove it and try again",
                                   path_));
    }
  }
  ~NewFile() {
    std::error_code ignored;
    if (!published_) std::filesystem::remove(path_, ignored);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  void publish() {
    crash_point(CrashPoint::backup_copied);
    publish_file(path_, target_);
    published_ = true;
  }

 private:
  std::string target_;
  std::string path_;
  bool published_ = false;
};

/// The copy as a database, which nobody else opens: nothing of it is synced before sync().
class Copy {
 public:
  explicit Copy(const std::string& path) : to_(path, sqlite::Connection::Access::read_write) {
    to_.run("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", "prepare a backup");
  }

  [[nodiscard]] sqlite::Connection& connection() { return to_; }

  void sync() {
    sqlite3_file* file = nullptr;
    to_.check(sqlite3_file_control(to_.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file),
              "look for a backup's file");
    to_.check(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), "write a backup");
  }

 private:
  sqlite::Connection to_;
};

/// Pages on their way. Everything here uses both connections.
class PageCopy {
 public:
  PageCopy(sqlite::Connection& from, sqlite::Connection& to)
      : to_(to),
        page_bytes_(static_cast<std::uint64_t>(from.ask("PRAGMA page_size"))),
        backup_(sqlite3_backup_init(to.handle(), "main", from.handle(), "main")) {
    if (backup_ == nullptr) {
      sqlite::throw_error(to.handle(), sqlite3_errcode(to.handle()), "back up to " + to.path());
    }
  }
  ~PageCopy() { sqlite3_backup_finish(backup_); }
  PageCopy(const PageCopy&) = delete;
  PageCopy& operator=(const PageCopy&) = delete;

  /// Whether all is copied; -1: all at once.
  bool step(int pages) {
    const int code = sqlite3_backup_step(backup_, pages);
    if (code == SQLITE_OK) return false;
    if (code == SQLITE_DONE) return true;
    // What went wrong is kept, and told with the connection that is written to.
    sqlite3_backup_finish(std::exchange(backup_, nullptr));
    sqlite::throw_error(to_.handle(), code, "back up to " + to_.path());
  }
  [[nodiscard]] int remaining() const { return sqlite3_backup_remaining(backup_); }
  [[nodiscard]] BackupProgress progress() const {
    const int all = sqlite3_backup_pagecount(backup_);
    return {page_bytes_ * static_cast<std::uint64_t>(all - remaining()),
            page_bytes_ * static_cast<std::uint64_t>(all)};
  }

 private:
  sqlite::Connection& to_;
  std::uint64_t page_bytes_;
  sqlite3_backup* backup_;
};

/// The turn is given away in this scope.
class Away {
 public:
  explicit Away(std::unique_lock<TurnMutex>& turn) : turn_(turn) { turn_.unlock(); }
  ~Away() { turn_.lock(); }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

 private:
  std::unique_lock<TurnMutex>& turn_;
};

/// How long to stay away after a slice.
class Pace {
 public:
  [[nodiscard]] Clock::duration pause(Clock::duration slice, int remaining) {
    const auto now = Clock::now();
    if (now - looked_at_ >= std::chrono::seconds(1)) {
      // Written to faster than it is copied, it would never come to an end.
      if (remaining >= remaining_) factor_ /= 2;
      remaining_ = remaining;
      looked_at_ = now;
    }
    return std::min<Clock::duration>(slice * factor_, pause_max);
  }

 private:
  int factor_ = pauses_per_slice;
  int remaining_ = std::numeric_limits<int>::max();
  Clock::time_point looked_at_ = Clock::now();
};

void copy_in_slices(PageCopy& pages, std::unique_lock<TurnMutex>& turn, const NewFile& file,
                    const BackupWatch& watch) {
  const FileDescriptor written(::open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
  if (!written) throw_system_error(errno, "open " + file.path());
  const TurnMutex& mutex = *turn.mutex();
  Pace pace;
  std::uint64_t asked = mutex.asked();
  for (;;) {
    const auto began = Clock::now();
    while (Clock::now() - began < slice_time) {
      if (pages.step(pages_per_step)) return;
    }
    const auto took = Clock::now() - began;
    const int remaining = pages.remaining();
    const BackupProgress progress = pages.progress();
    const Away away(turn);
    // Not all at the end: the disk has one queue.
    if (::fdatasync(written.get()) != 0) throw_system_error(errno, "write to " + file.path());
    if (watch && !watch(progress)) {
      throw StoreError(StoreError::Kind::failed,
                       "the backup was broken off; nothing of it is kept");
    }
    const bool alone = mutex.asked() == asked;
    asked = mutex.asked() + 1;  // With the turn that is asked for next.
    if (!alone) std::this_thread::sleep_for(pace.pause(took, remaining));
  }
}

}  // namespace

void backup_at_once(sqlite::Connection& reader, const std::string& target) {
  NewFile file(target);
  {
    Copy copy(file.path());
    (void)PageCopy(reader, copy.connection()).step(-1);
    copy.sync();
  }
  file.publish();
}

void backup_in_slices(sqlite::Connection& owner, TurnMutex& mutex, const std::string& target,
                      const BackupWatch& watch) {
  NewFile file(target);
  {
    Copy copy(file.path());
    {
      std::unique_lock turn(mutex);
      PageCopy pages(owner, copy.connection());
      copy_in_slices(pages, turn, file, watch);
    }
    copy.sync();
  }
  file.publish();
}

}  // namespace skald
