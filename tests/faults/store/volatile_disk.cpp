#include "volatile_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <thread>

namespace skald::faults {
namespace {

constexpr std::int64_t sector_bytes = 512;

/// SQLite allocates this and, right behind it, the file of the real VFS.
struct File {
  sqlite3_file base;
  VolatileDisk* disk;
  const char* name;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
const sqlite3_io_methods& methods(sqlite3_file* file) { return *real(file)->pMethods; }

int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
  const int code = methods(f).xWrite(real(f), data, size, offset);
  if (code == SQLITE_OK) {
    const auto* bytes = static_cast<const char*>(data);
    of(f).disk->wrote(of(f).name, {bytes, static_cast<std::size_t>(size)}, offset);
  }
  return code;
}

int truncate(sqlite3_file* f, sqlite3_int64 size) {
  const int code = methods(f).xTruncate(real(f), size);
  if (code == SQLITE_OK) of(f).disk->truncated(of(f).name, size);
  return code;
}

// The real disk need not be asked: what counts as synced is kept here.
int sync(sqlite3_file* f, int) {
  // It takes its time all the same: the power may fail meanwhile.
  std::this_thread::sleep_for(std::chrono::microseconds{500});
  of(f).disk->synced(of(f).name);
  return SQLITE_OK;
}

const sqlite3_io_methods io_methods = {
    3,
    [](sqlite3_file* f) { return methods(f).xClose(real(f)); },
    [](sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
      return methods(f).xRead(real(f), to, size, offset);
    },
    &write,
    &truncate,
    &sync,
    [](sqlite3_file* f, sqlite3_int64* size) { return methods(f).xFileSize(real(f), size); },
    [](sqlite3_file* f, int level) { return methods(f).xLock(real(f), level); },
    [](sqlite3_file* f, int level) { return methods(f).xUnlock(real(f), level); },
    [](sqlite3_file* f, int* out) { return methods(f).xCheckReservedLock(real(f), out); },
    [](sqlite3_file* f, int op, void* arg) { return methods(f).xFileControl(real(f), op, arg); },
    [](sqlite3_file* f) { return methods(f).xSectorSize(real(f)); },
    // Nothing is promised: not atomic, not in order, and what is near a torn write may suffer.
    [](sqlite3_file*) { return 0; },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return methods(f).xShmMap(real(f), page, size, extend, out);
    },
    [](sqlite3_file* f, int offset, int n, int flags) {
      return methods(f).xShmLock(real(f), offset, n, flags);
    },
    [](sqlite3_file* f) { methods(f).xShmBarrier(real(f)); },
    [](sqlite3_file* f, int remove) { return methods(f).xShmUnmap(real(f), remove); },
    // Nothing is read past the layer.
    [](sqlite3_file*, sqlite3_int64, int, void** out) {
      *out = nullptr;
      return SQLITE_OK;
    },
    [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; },
};

sqlite3_vfs* system_vfs() { return sqlite3_vfs_find("unix"); }
VolatileDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<VolatileDisk*>(vfs->pAppData); }

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  VolatileDisk& disk = disk_of(vfs);
  if (!disk.is_mine(name)) {
    return system_vfs()->xOpen(system_vfs(), name, file, flags, out_flags);
  }
  File& opened = *new (file) File{};
  opened.disk = &disk;
  opened.name = name;
  const int code = system_vfs()->xOpen(system_vfs(), name, opened.real(), flags, out_flags);
  opened.base.pMethods = code == SQLITE_OK ? &io_methods : nullptr;
  if (code == SQLITE_OK) disk.opened(name);
  return code;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  const int code = system_vfs()->xDelete(system_vfs(), name, sync_folder);
  if (code == SQLITE_OK && disk_of(vfs).is_mine(name)) disk_of(vfs).removed(name);
  return code;
}

void put(std::string& content, std::int64_t offset, std::string_view bytes) {
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (content.size() < end) content.resize(end);
  std::copy(bytes.begin(), bytes.end(), content.begin() + offset);
}

}  // namespace

VolatileDisk::VolatileDisk(std::string folder)
    : folder_(std::move(folder)), vfs_(std::make_unique<sqlite3_vfs>(*system_vfs())) {
  vfs_->zName = "volatile";
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_->pAppData = this;
  vfs_->pNext = nullptr;
  vfs_->xOpen = &open;
  vfs_->xDelete = &remove;
  sqlite3_vfs_register(vfs_.get(), 1);
  // Before they are opened, too, they can be found as they are.
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path();
    if (name.ends_with("engine.db") || name.ends_with("engine.db-wal")) opened(name);
  }
}

VolatileDisk::~VolatileDisk() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(system_vfs(), 1);
}

bool VolatileDisk::is_mine(const char* name) const {
  if (name == nullptr) return false;
  return std::string_view(name).starts_with(folder_ + "/engine.db");
}

void VolatileDisk::opened(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (files_.contains(name)) return;
  std::ifstream file(name, std::ios::binary);
  files_[name].durable.assign(std::istreambuf_iterator<char>(file), {});
}

void VolatileDisk::wrote(const std::string& name, std::string_view bytes, std::int64_t offset) {
  const std::lock_guard lock(mutex_);
  files_[name].pending.push_back({offset, std::string(bytes), false});
}

void VolatileDisk::truncated(const std::string& name, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  files_[name].pending.push_back({size, {}, true});
}

void VolatileDisk::synced(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Content& content = files_[name];
  for (const Change& change : content.pending) {
    if (change.truncates) {
      content.durable.resize(static_cast<std::size_t>(change.offset));
    } else {
      put(content.durable, change.offset, change.bytes);
    }
  }
  content.pending.clear();
}

void VolatileDisk::removed(const std::string& name) {
  const std::lock_guard lock(mutex_);
  files_.erase(name);
}

VolatileDisk::Image VolatileDisk::cut(std::mt19937_64& random, double keep) {
  std::bernoulli_distribution kept(keep);
  Image image;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, content] : files_) {
    std::string& found = image.files[std::filesystem::path(name).filename()];
    found = content.durable;
    for (const Change& change : content.pending) {
      if (change.truncates) {
        if (kept(random)) found.resize(static_cast<std::size_t>(change.offset));
        continue;
      }
      // Sectors of the disk, not of the write: a page or a frame may lie across them.
      const std::int64_t end = change.offset + static_cast<std::int64_t>(change.bytes.size());
      for (std::int64_t at = change.offset; at < end;) {
        const std::int64_t next = std::min(end, (at / sector_bytes + 1) * sector_bytes);
        if (kept(random)) {
          put(found, at,
              std::string_view(change.bytes)
                  .substr(static_cast<std::size_t>(at - change.offset),
                          static_cast<std::size_t>(next - at)));
          ++image.sectors_kept;
        } else {
          ++image.sectors_lost;
        }
        at = next;
      }
    }
  }
  return image;
}

}  // namespace skald::faults
