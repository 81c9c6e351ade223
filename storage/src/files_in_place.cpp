#include "files_in_place.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "files.hpp"

namespace skald {
namespace {

constexpr auto look_interval = std::chrono::seconds(1);
constexpr const char* suffixes[] = {"", "-wal", "-shm", ".lock"};

}  // namespace

FilesInPlace::FilesInPlace(const std::string& store_path)
    : looked_at_(std::chrono::steady_clock::now()) {
  for (const char* suffix : suffixes) {
    const std::string path = store_path + suffix;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) throw_path_error(errno, "look at " + path, path);
    files_.push_back({path, found.st_dev, found.st_ino});
  }
}

std::optional<std::string> FilesInPlace::problem() {
  looked_at_ = std::chrono::steady_clock::now();
  for (const File& file : files_) {
    struct stat found {};
    const bool is_there = ::stat(file.path.c_str(), &found) == 0;
    if (is_there && found.st_dev == file.device && found.st_ino == file.inode) continue;
    return fmt::format(
        "{} was {} while this process had it open; nothing more is stored, and what "
        "was stored since then may be lost; stop this process, put the file back "
        "or restore the store from a backup, check it (skald store check), and "
        "start again",
        file.path, is_there ? "replaced by another file" : "removed");
  }
  return std::nullopt;
}

std::optional<std::string> FilesInPlace::problem_now_and_then() {
  if (std::chrono::steady_clock::now() - looked_at_ < look_interval) return std::nullopt;
  return problem();
}

}  // namespace skald
