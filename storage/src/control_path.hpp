// Where the control socket of a store lies: a Unix socket's address holds 107 bytes, paths more.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

namespace skald {

/// Names of an owner's socket. `link` is empty unless the address had to go elsewhere; it is then
/// the symbolic link beside the store by which clients find it, whatever their environment says.
struct ControlPaths {
  std::string socket;
  std::string link;
};

/// For the store at this canonical path. Creates the runtime folder (mode 0700) when it needs one.
/// \throws StoreError when that folder belongs to somebody else.
[[nodiscard]] ControlPaths control_paths(const std::string& store_path);

/// \throws StoreError when the path is too long, which those above never are.
[[nodiscard]] sockaddr_un socket_address(const std::string& path);

}  // namespace skald
