// Who takes which locks of a WAL database: a layer under SQLite that looks and changes nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace skald::test {

/// While it exists, every connection that is opened goes through it. One at a time; thread-safe.
class LockWitness {
 public:
  LockWitness();
  ~LockWitness();
  LockWitness(const LockWitness&) = delete;
  LockWitness& operator=(const LockWitness&) = delete;

  /// Connections to one database, by what they did.
  struct Connections {
    std::size_t opened = 0;
    std::size_t readers = 0;
    std::size_t writers = 0;
    std::size_t checkpointers = 0;
  };
  [[nodiscard]] Connections of(const std::string& path) const;

  // For the layer.
  [[nodiscard]] std::size_t opened(const char* name);
  void locked(std::size_t connection, int slot, bool exclusive);

 private:
  struct Seen {
    std::string path;
    bool read = false;
    bool wrote = false;
    bool checkpointed = false;
  };
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

}  // namespace skald::test
