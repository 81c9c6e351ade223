#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "skald/crash_point.hpp"
#include "skald/error.hpp"
#include "skald/text.hpp"

namespace skald {
namespace {

void sync_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) throw_system_error(errno, "write to " + folder);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool create_private_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file) return true;
  if (errno == EEXIST) return false;
  throw_system_error(errno, "create " + path);
}

void publish_file(const std::string& from, const std::string& to) {
  // link() refuses a name that is taken, which rename() would silently replace.
  if (::link(from.c_str(), to.c_str()) != 0) throw_system_error(errno, "create " + to);
  crash_point(CrashPoint::backup_linked);
  if (::unlink(from.c_str()) != 0) throw_system_error(errno, "remove " + from);
  sync_folder_of(to);
}

void require_path(const std::string& path) {
  // The system would take the name to end there, and mean another file than the caller.
  if (path.find('\0') == std::string::npos && !path.empty()) return;
  throw StoreError(StoreError::Kind::not_a_store,
                   fmt::format("the path '{}' {}; give the path of a file", escape_controls(path),
                               path.empty() ? "is empty" : "holds a zero byte"));
}

std::string canonical_path(const std::string& path) {
  require_path(path);
  std::error_code error;
  const std::filesystem::path full =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  if (error) throw_system_error(error.value(), "find " + path);
  if (!std::filesystem::is_directory(full.parent_path(), error)) {
    throw StoreError(StoreError::Kind::not_a_store,
                     fmt::format("there is no folder {}; create it, or give the path of a store",
                                 full.parent_path().string()));
  }
  return full.string();
}

void throw_system_error(int error_number, const std::string& operation) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  throw StoreError(
      full ? StoreError::Kind::full : StoreError::Kind::failed,
      fmt::format("cannot {}: {}", operation, std::generic_category().message(error_number)));
}

}  // namespace skald
