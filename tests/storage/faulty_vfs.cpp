#include "faulty_vfs.hpp"

#include <sqlite3.h>

#include <new>

namespace skald::test {
namespace {

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

int verdict(sqlite3_file* file, FaultyVfs::Fault operation) {
  return of(file).disk->verdict(operation, of(file).name == nullptr ? "" : of(file).name);
}

int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
  const int code = verdict(f, FaultyVfs::Fault::write);
  return code != SQLITE_OK ? code : methods(f).xWrite(real(f), data, size, offset);
}

int sync(sqlite3_file* f, int flags) {
  const int code = verdict(f, FaultyVfs::Fault::sync);
  return code != SQLITE_OK ? code : methods(f).xSync(real(f), flags);
}

const sqlite3_io_methods io_methods = {
    3,
    [](sqlite3_file* f) { return methods(f).xClose(real(f)); },
    [](sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
      return methods(f).xRead(real(f), to, size, offset);
    },
    &write,
    [](sqlite3_file* f, sqlite3_int64 size) { return methods(f).xTruncate(real(f), size); },
    &sync,
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
    [](sqlite3_file* f, int offset, int n, int flags) {
      return methods(f).xShmLock(real(f), offset, n, flags);
    },
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
  File& opened = *new (file) File{};
  opened.disk = static_cast<FaultyVfs*>(vfs->pAppData);
  opened.name = name;
  const int code = system_vfs()->xOpen(system_vfs(), name, opened.real(), flags, out_flags);
  opened.base.pMethods = code == SQLITE_OK ? &io_methods : nullptr;
  return code;
}

}  // namespace

FaultyVfs::FaultyVfs() : vfs_(std::make_unique<sqlite3_vfs>(*system_vfs())) {
  vfs_->zName = "faulty";
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = &open;
  sqlite3_vfs_register(vfs_.get(), 1);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(system_vfs(), 1);
}

void FaultyVfs::fail(Fault fault, const std::string& suffix) {
  suffix_ = suffix;
  fired_ = 0;
  fault_ = fault;
}

int FaultyVfs::verdict(Fault operation, const std::string& name) {
  const bool named = name.size() >= suffix_.size() &&
                     name.compare(name.size() - suffix_.size(), suffix_.size(), suffix_) == 0;
  const bool meant = fault_ == operation || (fault_ == Fault::full && operation == Fault::write);
  if (!named || !meant) return SQLITE_OK;
  ++fired_;
  if (fault_ == Fault::full) return SQLITE_FULL;
  return operation == Fault::sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
}

}  // namespace skald::test
