// A disk that fails on request: a layer under SQLite that refuses chosen operations.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

struct sqlite3_vfs;

namespace skald::test {

enum class DiskOperation : std::uint8_t {
  open,
  read,
  write,
  sync,
  truncate,
  size,
  lock,      ///< Of the file, as rollback journals use it and an opening WAL.
  shm_lock,  ///< Of the WAL's index.
  shm_map,
  remove,
  access,
};
inline constexpr std::size_t disk_operation_count = 11;
[[nodiscard]] const char* to_string(DiskOperation operation);

/// What is to go wrong.
struct DiskFault {
  DiskOperation operation = DiskOperation::write;
  int code = 0;           ///< SQLite's, as SQLITE_IOERR_WRITE.
  std::uint64_t nth = 1;  ///< Counted from now, among the files that are meant.
  bool lasting = true;    ///< All that follow fail, too.
  bool half = false;      ///< Of a write, half of the bytes arrive.
};

/// The files that a fault is meant for, by name.
using FileChoice = std::function<bool(std::string_view name)>;
[[nodiscard]] FileChoice files_ending_in(std::string_view suffix);

/// While it exists, every connection that is opened goes through it. One at a time; thread-safe.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// From now on, until told otherwise.
  void fail(const DiskFault& fault, FileChoice files);
  void heal();
  /// How often the fault was met.
  [[nodiscard]] std::uint64_t fired() const;
  /// Operations on the chosen files since the fault was first met.
  [[nodiscard]] std::uint64_t since(DiskOperation operation) const;

  /// What an operation on a file of this name is to do: SQLITE_OK when it may go on. `half` is set
  /// when half of a write is to arrive before it fails.
  [[nodiscard]] int verdict(DiskOperation operation, const char* name, bool& half);

 private:
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  bool armed_ = false;
  DiskFault fault_;
  FileChoice files_;
  std::uint64_t met_ = 0;  ///< Operations of the fault's kind.
  std::uint64_t fired_ = 0;
  std::array<std::uint64_t, disk_operation_count> since_{};
};

}  // namespace skald::test
