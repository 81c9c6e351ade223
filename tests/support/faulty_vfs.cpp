#include "faulty_vfs.hpp"

#include <sqlite3.h>

#include <new>
#include <string>
#include <utility>

namespace skald::test {
namespace {

using Op = DiskOperation;

/// SQLite allocates this and, right behind it, the file of the real VFS.
struct File {
  sqlite3_file base;
  FaultyVfs* disk;
  const char* name;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *real(file)->pMethods; }

int verdict(sqlite3_file* file, Op operation) {
  bool half = false;
  return of(file).disk->verdict(operation, of(file).name, half);
}

/// Calls the real operation unless it is to fail.
template <class Call>
int unless_failed(sqlite3_file* file, Op operation, const Call& call) {
  const int code = verdict(file, operation);
  return code != SQLITE_OK ? code : call();
}

int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
  bool half = false;
  const int code = of(f).disk->verdict(Op::write, of(f).name, half);
  if (half) static_cast<void>(methods(f).xWrite(real(f), data, size / 2, offset));
  return code != SQLITE_OK ? code : methods(f).xWrite(real(f), data, size, offset);
}

int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  // What gives a lock back does not fail: SQLite does not look at the answer.
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return methods(f).xShmLock(real(f), offset, n, flags);
  return unless_failed(f, Op::shm_lock,
                       [&] { return methods(f).xShmLock(real(f), offset, n, flags); });
}

const sqlite3_io_methods io_methods = {
    3,
    [](sqlite3_file* f) { return methods(f).xClose(real(f)); },
    [](sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
      return unless_failed(f, Op::read,
                           [&] { return methods(f).xRead(real(f), to, size, offset); });
    },
    &write,
    [](sqlite3_file* f, sqlite3_int64 size) {
      return unless_failed(f, Op::truncate, [&] { return methods(f).xTruncate(real(f), size); });
    },
    [](sqlite3_file* f, int flags) {
      return unless_failed(f, Op::sync, [&] { return methods(f).xSync(real(f), flags); });
    },
    [](sqlite3_file* f, sqlite3_int64* size) {
      return unless_failed(f, Op::size, [&] { return methods(f).xFileSize(real(f), size); });
    },
    [](sqlite3_file* f, int level) {
      return unless_failed(f, Op::lock, [&] { return methods(f).xLock(real(f), level); });
    },
    [](sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); },
    [](sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(real(f), out); },
    [](sqlite3_file* f, int op, void* arg) { return methods(f).xFileControl(real(f), op, arg); },
    [](sqlite3_file* f) { return methods(f).xSectorSize(real(f)); },
    [](sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return unless_failed(f, Op::shm_map,
                           [&] { return methods(f).xShmMap(real(f), page, size, extend, out); });
    },
    &shm_lock,
    [](sqlite3_file* f) { methods(f).xShmBarrier(real(f)); },
    [](sqlite3_file* f, int remove) { return methods(f).xShmUnmap(real(f), remove); },
    [](sqlite3_file* f, sqlite3_int64 offset, int size, void** out) {
      return methods(f).xFetch(real(f), offset, size, out);
    },
    [](sqlite3_file* f, sqlite3_int64 offset, void* page) {
      return methods(f).xUnfetch(real(f), offset, page);
    },
};

sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }

FaultyVfs& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultyVfs*>(vfs->pAppData); }

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& opened = *new (file) File{};
  opened.disk = &disk_of(vfs);
  opened.name = name;
  bool half = false;
  int code = opened.disk->verdict(Op::open, name, half);
  if (code == SQLITE_OK) {
    code = system_vfs()->xOpen(system_vfs(), name, opened.real(), flags, out_flags);
  }
  opened.base.pMethods = code == SQLITE_OK ? &io_methods : nullptr;
  return code;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  bool half = false;
  const int code = disk_of(vfs).verdict(Op::remove, name, half);
  return code != SQLITE_OK ? code : system_vfs()->xDelete(system_vfs(), name, sync_folder);
}

int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  bool half = false;
  const int code = disk_of(vfs).verdict(Op::access, name, half);
  return code != SQLITE_OK ? code : system_vfs()->xAccess(system_vfs(), name, flags, out);
}

}  // namespace

const char* to_string(DiskOperation operation) {
  constexpr std::array<const char*, disk_operation_count> names{
      "open", "read",     "write",   "sync",   "truncate", "size",
      "lock", "shm-lock", "shm-map", "remove", "access"};
  return names[static_cast<std::size_t>(operation)];
}

FileChoice files_ending_in(std::string_view suffix) {
  return [suffix = std::string(suffix)](std::string_view name) { return name.ends_with(suffix); };
}

FaultyVfs::FaultyVfs() : vfs_(std::make_unique<sqlite3_vfs>(*system_vfs())) {
  vfs_->zName = "faulty";
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = &open;
  vfs_->xDelete = &remove;
  vfs_->xAccess = &access;
  sqlite3_vfs_register(vfs_.get(), 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(system_vfs(), 1);
}

void FaultyVfs::fail(const DiskFault& fault, FileChoice files) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  files_ = std::move(files);
  armed_ = true;
  met_ = 0;
  fired_ = 0;
  since_ = {};
}

void FaultyVfs::heal() {
  const std::lock_guard lock(mutex_);
  armed_ = false;
}

std::uint64_t FaultyVfs::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

std::uint64_t FaultyVfs::since(DiskOperation operation) const {
  const std::lock_guard lock(mutex_);
  return since_[static_cast<std::size_t>(operation)];
}

int FaultyVfs::verdict(DiskOperation operation, const char* name, bool& half) {
  const std::lock_guard lock(mutex_);
  if (!armed_ || !files_(name == nullptr ? "" : name)) return SQLITE_OK;
  if (fired_ > 0) ++since_[static_cast<std::size_t>(operation)];
  if (operation != fault_.operation) return SQLITE_OK;
  ++met_;
  if (met_ < fault_.nth || (met_ > fault_.nth && !fault_.lasting)) return SQLITE_OK;
  ++fired_;
  half = fault_.half;
  return fault_.code;
}

}  // namespace skald::test
