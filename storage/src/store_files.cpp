#include "store_files.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "files.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

constexpr const char* suffixes_beside[] = {"-wal", "-shm", "-journal", ".lock"};

// Links are not followed: the path of the store has none in it.
std::optional<struct stat> look_at(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) return found;
  if (errno == ENOENT) return std::nullopt;
  throw_path_error(errno, "look at " + path, path);
}

[[noreturn]] void refuse(const std::string& what) {
  throw StoreError(StoreError::Kind::failed, what);
}

void require_plain(const std::string& path, const struct stat& found) {
  if (S_ISREG(found.st_mode)) return;
  refuse(
      fmt::format("{} is {}, and what it leads to would be overwritten; nothing was changed; "
                  "remove it, or give the store another folder",
                  path, S_ISLNK(found.st_mode) ? "a symbolic link" : "not a file"));
}

void require_closed_to_others(const std::string& path, const struct stat& found) {
  if ((found.st_mode & S_IWOTH) == 0) return;
  refuse(
      fmt::format("every user may write to {}, so what it says cannot be trusted; look at it, "
                  "then make it your own: chmod o-w {}",
                  path, path));
}

void require_same_user(const std::string& path, uid_t user, uid_t of_store) {
  if (user == of_store || user == ::geteuid() || user == 0) return;
  refuse(
      fmt::format("{} belongs to user {}, who does not own the store; nothing was changed; "
                  "remove it if nobody works on the store",
                  path, user));
}

}  // namespace

void require_own_files(const std::string& path) {
  const auto store = look_at(path);
  // What is there and no file is told of by whoever opens it.
  if (store && S_ISREG(store->st_mode)) require_closed_to_others(path, *store);
  const uid_t of_store = store ? store->st_uid : ::geteuid();
  for (const char* suffix : suffixes_beside) {
    const auto found = look_at(path + suffix);
    if (!found) continue;
    require_plain(path + suffix, *found);
    require_closed_to_others(path + suffix, *found);
    require_same_user(path + suffix, found->st_uid, of_store);
  }
}

void require_plain_files_beside(const std::string& path) {
  for (const char* suffix : suffixes_beside) {
    if (const auto found = look_at(path + suffix)) require_plain(path + suffix, *found);
  }
}

std::vector<std::string> store_cautions(const std::string& path) {
  const auto store = look_at(path);
  if (!store || store->st_uid == ::geteuid()) return {};
  return {
      fmt::format("{} belongs to user {} and is worked on as user {}; run this as user {}, or "
                  "give the file to this user: chown {} {}",
                  path, store->st_uid, ::geteuid(), store->st_uid, ::geteuid(), path)};
}

}  // namespace skald
