#include "owned_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "files.hpp"
#include "open_store.hpp"
#include "skald/crash_point.hpp"
#include "sqlite/error.hpp"
#include "sqlite/transaction.hpp"
#include "store_files.hpp"

namespace skald {
namespace {

/// Pages of 4 KiB in the WAL before they are moved into the file. More of them means that a page
/// which changes often is moved less often; 16 MiB keep a checkpoint within some 30 ms.
constexpr int checkpoint_frames = 4096;

std::string existing_path(const std::string& path, const SqliteOptions& options) {
  std::string canonical = canonical_path(path);
  // Before the lock file is made: a mistyped path must leave nothing behind.
  if (options.must_exist) require_store_file(canonical);
  require_own_files(canonical);
  return canonical;
}

Ownership::Kind kind_of(const SqliteOptions& options) {
  return options.momentary ? Ownership::Kind::momentary : Ownership::Kind::lasting;
}

}  // namespace

OwnedFile::OwnedFile(const std::string& path, const SqliteOptions& options)
    : path_(existing_path(path, options)),
      ownership_(path_, kind_of(options), options.wait_for_momentary_owner),
      connection_(open_as_owner(path_, options)),
      in_place_(path_),
      read_epoch_(*connection_, "SELECT epoch FROM meta"),
      epoch_(connection_->ask("SELECT epoch FROM meta")),
      checkpoint_at_frames_(checkpoint_frames) {
  sqlite3_wal_hook(connection_->handle(), &OwnedFile::wal_grew, this);
}

OwnedFile::~OwnedFile() {
  // Closing would move the write-ahead log into the file: with a disk that has failed that asks for
  // another fsync, and beside a newer owner it would be a second one's checkpoint.
  if (unfit_) {
    sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

void OwnedFile::write(const std::function<void()>& work) {
  require_mine();
  if (!unfit_) note_out_of_place(in_place_.problem_now_and_then());
  tidy();
  if (unfit_) throw StoreError(*unfit_);
  try {
    sqlite::Transaction transaction(*connection_, sqlite::Transaction::Kind::write);
    require_epoch();
    work();
    crash_point(CrashPoint::store_before_commit);
    transaction.commit();
  } catch (const sqlite::DiskFailure& failure) {
    unfit_ = failure;
    throw;
  }
  crash_point(CrashPoint::store_after_commit);
}

void OwnedFile::require_mine() const {
  if (mine()) return;
  throw StoreError(StoreError::Kind::fenced,
                   fmt::format("{} belongs to the process that forked this one; open the store "
                               "anew, once that process has closed it",
                               path_));
}

void OwnedFile::require_epoch() {
  auto rows = read_epoch_.rows();
  if (rows.next() && rows.int64(0) == epoch_) return;
  unfit_.emplace(StoreError::Kind::fenced,
                 fmt::format("{} has been taken over by another owner; nothing was stored; stop "
                             "this process",
                             path_));
  throw StoreError(*unfit_);
}

void OwnedFile::note_out_of_place(const std::optional<std::string>& problem) {
  if (problem) unfit_.emplace(StoreError::Kind::fenced, *problem);
}

int OwnedFile::wal_grew(void* self, sqlite3*, const char*, int frames) {
  static_cast<OwnedFile*>(self)->note_wal_size(frames);
  return SQLITE_OK;
}

void OwnedFile::note_wal_size(int frames) {
  // A smaller number means that the WAL has begun anew.
  if (frames < wal_frames_) checkpoint_at_frames_ = checkpoint_frames;
  wal_frames_ = frames;
}

std::uint64_t OwnedFile::release_space(std::uint64_t bytes_max) {
  const auto page = static_cast<std::uint64_t>(connection_->ask("PRAGMA page_size"));
  const auto free_pages = [this] {
    return static_cast<std::uint64_t>(connection_->ask("PRAGMA freelist_count"));
  };
  const std::uint64_t pages = std::min(free_pages(), std::max<std::uint64_t>(bytes_max / page, 1));
  if (pages > 0) {
    write([&] {
      connection_->run(fmt::format("PRAGMA incremental_vacuum({})", pages), "give space back");
    });
  }
  const std::uint64_t left = free_pages();
  // A file shrinks when the log is moved into it.
  if (left == 0 && pages > 0) checkpoint();
  return left * page;
}

void OwnedFile::tidy() {
  if (!unfit_ && wal_frames_ >= checkpoint_at_frames_) checkpoint();
}

void OwnedFile::checkpoint() {
  note_out_of_place(in_place_.problem());
  if (unfit_) return;
  crash_point(CrashPoint::store_before_checkpoint);
  const int code = sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  crash_point(CrashPoint::store_after_checkpoint);
  // While a reader holds the WAL it cannot begin anew; trying after each commit would be in vain.
  checkpoint_at_frames_ = wal_frames_ + checkpoint_frames;
  try {
    connection_->check(code, "move the write-ahead log into the store");
  } catch (const sqlite::DiskFailure& failure) {
    // The commit itself is durable and stays good; what follows would not be.
    unfit_ = failure;
  } catch (const StoreError&) {
    // Busy or out of space: the WAL keeps what could not be moved, and the next time is soon.
    return;
  }
}

}  // namespace skald
