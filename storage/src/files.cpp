#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
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

bool allows(const std::string& path, int right) {
  return ::faccessat(AT_FDCWD, path.c_str(), right, AT_EACCESS) == 0;
}

/// The outermost folder on the way to `path` that this user may not enter; empty: none.
std::string closed_folder(const std::string& path) {
  const std::filesystem::path folders =
      std::filesystem::path(path).is_absolute()
          ? std::filesystem::path(path).parent_path()
          : (std::filesystem::current_path() / path).parent_path();
  std::filesystem::path folder;
  for (const auto& name : folders) {
    folder /= name;
    if (!allows(folder.string(), X_OK) && errno == EACCES) return folder.string();
  }
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

bool create_private_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file) return true;
  if (errno == EEXIST) return false;
  throw_path_error(errno, "create " + path, path);
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

bool is_there(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw_path_error(errno, "look for " + path, path);
}

void require_right(const std::string& path, int right) {
  if (allows(path, right)) return;
  throw_path_error(errno, (right == R_OK ? "read " : "write to ") + path, path);
}

bool may_create_beside(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return allows(folder.empty() ? "." : folder, W_OK | X_OK);
}

std::string canonical_path(const std::string& path) {
  require_path(path);
  std::error_code error;
  const std::filesystem::path full =
      std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  if (error) throw_path_error(error.value(), "find " + path, path);
  if (!std::filesystem::is_directory(full.parent_path(), error)) {
    if (error && error != std::errc::no_such_file_or_directory) {
      throw_path_error(error.value(), "find " + path, path);
    }
    throw StoreError(StoreError::Kind::not_a_store,
                     fmt::format("there is no folder {}; create it, or give the path of a store",
                                 full.parent_path().string()));
  }
  return full.string();
}

void throw_path_error(int error_number, const std::string& operation, const std::string& path) {
  if (error_number == ENOENT) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::exists(folder, ignored)) {
      throw StoreError(StoreError::Kind::failed,
                       fmt::format("cannot {}: there is no folder {}; make it first, or give "
                                   "another path",
                                   operation, folder.string()));
    }
  }
  if (error_number != EACCES) throw_system_error(error_number, operation);
  const std::string folder = closed_folder(path);
  const std::string what =
      folder.empty()
          ? fmt::format("user {} lacks the right to do so", ::geteuid())
          : fmt::format("user {} may not enter the folder {} (right x)", ::geteuid(), folder);
  throw StoreError(StoreError::Kind::failed,
                   fmt::format("cannot {}: {}; grant it, or run this as the user whose store it is",
                               operation, what));
}

void throw_system_error(int error_number, const std::string& operation) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  throw StoreError(
      full ? StoreError::Kind::full : StoreError::Kind::failed,
      fmt::format("cannot {}: {}", operation, std::generic_category().message(error_number)));
}

}  // namespace skald
