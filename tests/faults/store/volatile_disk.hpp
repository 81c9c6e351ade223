// A disk with a cache that loses power: what was written and not synced may be there or not, sector
// by sector.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3_vfs;

namespace skald::faults {

/// While it exists, connections to files under `folder` that are opened go through it; others pass.
/// One at a time; thread-safe.
class VolatileDisk {
 public:
  explicit VolatileDisk(std::string folder);
  ~VolatileDisk();
  VolatileDisk(const VolatileDisk&) = delete;
  VolatileDisk& operator=(const VolatileDisk&) = delete;

  /// What is found when the power comes back: file name (without folder) → bytes.
  struct Image {
    std::map<std::string, std::string> files;
    std::uint64_t sectors_kept = 0;
    std::uint64_t sectors_lost = 0;
  };
  /// Cuts the power at this moment, in thought: the engine goes on. Of each sector that was not
  /// synced, some version since its last sync is found, the older the smaller `keep` is.
  [[nodiscard]] Image cut(std::mt19937_64& random, double keep);

  // For the layer.
  void opened(const std::string& name);
  void wrote(const std::string& name, std::string_view bytes, std::int64_t offset);
  void truncated(const std::string& name, std::int64_t size);
  void synced(const std::string& name);
  void removed(const std::string& name);
  [[nodiscard]] bool is_mine(const char* name) const;

 private:
  struct Change {
    std::int64_t offset = 0;  ///< Or the new size.
    std::string bytes;
    bool truncates = false;
  };
  struct Content {
    std::string durable;
    std::vector<Change> pending;
  };

  std::string folder_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::mutex mutex_;
  std::map<std::string, Content> files_;
};

}  // namespace skald::faults
