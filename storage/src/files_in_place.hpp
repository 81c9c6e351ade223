// Whether the files that an owner has open are still those that the store's path leads to.
//
// A file that was removed or replaced can be written to for as long as it is open, and all of it is
// lost with the process: the owner must find out, and stop.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace skald {

/// One thread.
class FilesInPlace {
 public:
  /// Takes those that are there now for the ones that are open. \throws StoreError
  explicit FilesInPlace(const std::string& store_path);

  /// Looks at each of them: what is wrong with the first one, in a sentence with the fix.
  [[nodiscard]] std::optional<std::string> problem();
  /// The same at most once a second; nothing in between.
  [[nodiscard]] std::optional<std::string> problem_now_and_then();

 private:
  struct File {
    std::string path;
    dev_t device;
    ino_t inode;
  };
  std::vector<File> files_;
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace skald
