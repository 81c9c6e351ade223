#include "lock_witness.hpp"

#include <sqlite3.h>

#include <new>

namespace skald::test {
namespace {

// The slots of the WAL's index, by SQLite's "WAL-mode File Format", section 2.3.
constexpr int write_slot = 0;
constexpr int checkpoint_slot = 1;
constexpr int first_read_slot = 3;

/// SQLite allocates this and, right behind it, the file of the real VFS.
struct File {
  sqlite3_file base;
  LockWitness* witness;
  std::size_t connection;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *real(file)->pMethods; }

int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  const int code = methods(f).xShmLock(real(f), offset, n, flags);
  if (code == SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0) {
    of(f).witness->locked(of(f).connection, offset, (flags & SQLITE_SHM_EXCLUSIVE) != 0);
  }
  return code;
}

const sqlite3_io_methods io_methods = {
    3,
    [](sqlite3_file* f) { return methods(f).xClose(real(f)); },
    [](sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
      return methods(f).xRead(real(f), to, size, offset);
    },
    [](sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
      return methods(f).xWrite(real(f), data, size, offset);
    },
    [](sqlite3_file* f, sqlite3_int64 size) { return methods(f).xTruncate(real(f), size); },
    [](sqlite3_file* f, int flags) { return methods(f).xSync(real(f), flags); },
    [](sqlite3_file* f, sqlite3_int64* size) { return methods(f).xFileSize(real(f), size); },
    [](sqlite3_file* f, int level) { return methods(f).xLock(real(f), level); },
    [](sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); },
    [](sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(real(f), out); },
    [](sqlite3_file* f, int op, void* arg) { return methods(f).xFileControl(real(f), op, arg); },
    [](sqlite3_file* f) { return methods(f).xSectorSize(real(f)); },
    [](sqlite3_file* f) { return methods(f).xDeviceCharacteristics(real(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return methods(f).xShmMap(real(f), page, size, extend, out);
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

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  // Only the database's own file carries the locks.
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    return system_vfs()->xOpen(system_vfs(), name, file, flags, out_flags);
  }
  File& opened = *new (file) File{};
  opened.witness = static_cast<LockWitness*>(vfs->pAppData);
  const int code = system_vfs()->xOpen(system_vfs(), name, opened.real(), flags, out_flags);
  opened.base.pMethods = code == SQLITE_OK ? &io_methods : nullptr;
  if (code == SQLITE_OK) opened.connection = opened.witness->opened(name);
  return code;
}

}  // namespace

LockWitness::LockWitness() : vfs_(std::make_unique<sqlite3_vfs>(*system_vfs())) {
  vfs_->zName = "witness";
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = &open;
  sqlite3_vfs_register(vfs_.get(), 1);
}

LockWitness::~LockWitness() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(system_vfs(), 1);
}

LockWitness::Connections LockWitness::of(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  Connections counted;
  for (const Seen& connection : seen_) {
    if (connection.path != path) continue;
    ++counted.opened;
    if (connection.wrote) {
      ++counted.writers;
    } else if (connection.read) {
      ++counted.readers;
    }
    if (connection.checkpointed) ++counted.checkpointers;
  }
  return counted;
}

std::size_t LockWitness::opened(const char* name) {
  const std::lock_guard lock(mutex_);
  seen_.push_back({name == nullptr ? "" : name});
  return seen_.size() - 1;
}

void LockWitness::locked(std::size_t connection, int slot, bool exclusive) {
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[connection];
  if (slot == write_slot && exclusive) seen.wrote = true;
  if (slot == checkpoint_slot && exclusive) seen.checkpointed = true;
  if (slot >= first_read_slot && !exclusive) seen.read = true;
}

}  // namespace skald::test
