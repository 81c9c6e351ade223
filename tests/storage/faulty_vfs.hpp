// A disk that fails on request: a layer under SQLite that refuses chosen writes and fsyncs.
#pragma once

#include <atomic>
#include <memory>
#include <string>

struct sqlite3_vfs;

namespace skald::test {

/// While it exists, every connection that is opened goes through it. One at a time.
class FaultyVfs {
 public:
  enum class Fault { none, sync, write, full };

  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// From now on, files whose name ends so fail in this way, until told otherwise.
  void fail(Fault fault, const std::string& suffix);
  void heal() { fault_ = Fault::none; }
  /// How often the fault was met.
  [[nodiscard]] int fired() const { return fired_; }

  /// The result code for an operation on a file of this name: SQLITE_OK when it may go on.
  [[nodiscard]] int verdict(Fault operation, const std::string& name);

 private:
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::atomic<Fault> fault_ = Fault::none;
  std::string suffix_;
  std::atomic<int> fired_ = 0;
};

}  // namespace skald::test
