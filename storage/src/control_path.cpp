#include "control_path.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "files.hpp"
#include "skald/control_client.hpp"
#include "skald/error.hpp"
#include "skald/ids.hpp"

namespace skald {
namespace {

constexpr std::size_t address_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

std::string beside(const std::string& store_path) { return store_path + ".sock"; }

bool fits(const std::string& path) { return path.size() <= address_bytes_max; }

std::string name_for(const std::string& store_path) {
  return "/" + Digest::of(store_path).to_string().substr(0, 32) + ".sock";
}

/// `$XDG_RUNTIME_DIR/skald` where that folder is there and leads to an address that fits,
/// `/tmp/skald-<uid>` otherwise: the variable may outlive the session whose folder it names.
std::string runtime_folder(const std::string& store_path) {
  const char* variable = std::getenv("XDG_RUNTIME_DIR");
  std::error_code none;
  if (variable != nullptr && *variable == '/' && std::filesystem::is_directory(variable, none)) {
    const std::string folder = std::string(variable) + "/skald";
    if (fits(folder + name_for(store_path))) return folder;
  }
  return fmt::format("/tmp/skald-{}", ::geteuid());
}

void require_private_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw_system_error(errno, "create " + folder);
  }
  struct stat found {};
  if (::lstat(folder.c_str(), &found) != 0) throw_system_error(errno, "look at " + folder);
  // /tmp is everybody's: a folder that somebody else laid there could lead requests astray.
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & 0077) != 0) {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("{} must be a folder of this user's with mode 0700; remove it, or "
                                 "give the store a shorter path",
                                 folder));
  }
}

}  // namespace

ControlPaths control_paths(const std::string& store_path) {
  const std::string near = beside(store_path);
  if (fits(near)) return {near, {}};
  const std::string folder = runtime_folder(store_path);
  require_private_folder(folder);
  return {folder + name_for(store_path), near};
}

sockaddr_un socket_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fits(path)) {
    throw StoreError(
        StoreError::Kind::failed,
        fmt::format("{} is too long for a socket; give the store a shorter path", path));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::string control_socket_path(const std::string& store_path) {
  const std::string path = canonical_path(store_path);
  const std::string near = beside(path);
  if (fits(near)) return near;
  std::error_code none;
  const auto target = std::filesystem::read_symlink(near, none);
  return none ? runtime_folder(path) + name_for(path) : target.string();
}

}  // namespace skald
