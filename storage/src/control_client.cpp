#include "skald/control_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "control_frame.hpp"
#include "control_path.hpp"
#include "files.hpp"
#include "skald/error.hpp"

namespace skald {
namespace {

/// Nothing when nobody listens there.
std::optional<FileDescriptor> connect_to(const std::string& path, Duration timeout) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_system_error(errno, "create a socket");
  const auto ms = std::max<Duration::rep>(timeout.count(), 1);
  const timeval limit{ms / 1000, static_cast<suseconds_t>(ms % 1000 * 1000)};
  // Bounds connect(), which waits while the owner's queue is full.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const sockaddr_un address = socket_address(path);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return std::nullopt;
  if (errno == EACCES) {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("cannot connect to the engine at {}: this user may not; run this "
                                 "as root or as the user whose engine it is",
                                 path));
  }
  throw_system_error(errno, "connect to the engine at " + path);
}

/// Requests may only go to root, to this user, or to the user whose store it is.
void require_trusted(int socket, const std::string& store_path) {
  const unsigned uid = peer_uid(socket);
  struct stat store {};
  const bool owner = ::stat(store_path.c_str(), &store) == 0 && store.st_uid == uid;
  if (uid == 0 || uid == ::geteuid() || owner) return;
  throw StoreError(StoreError::Kind::failed,
                   fmt::format("the control socket of {} belongs to user {}, who does not own the "
                               "store; nothing was sent",
                               store_path, uid));
}

}  // namespace

class ControlClient::Body {
 public:
  explicit Body(FileDescriptor connected) : socket(std::move(connected)) {}
  FileDescriptor socket;
};

ControlClient::ControlClient(std::unique_ptr<Body> body) : body_(std::move(body)) {}
ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient& ControlClient::operator=(ControlClient&&) noexcept = default;
ControlClient::~ControlClient() = default;

std::optional<ControlClient> ControlClient::connect(const std::string& store_path,
                                                    Duration timeout) {
  auto socket = connect_to(control_socket_path(store_path), timeout);
  if (!socket) return std::nullopt;
  require_trusted(socket->get(), store_path);
  return ControlClient(std::make_unique<Body>(std::move(*socket)));
}

std::string ControlClient::request(std::string_view text, Duration timeout) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  write_frame(body_->socket.get(), text, deadline);
  auto answer = read_frame(body_->socket.get(), deadline);
  if (!answer) {
    throw StoreError(StoreError::Kind::failed,
                     "the engine closed the control connection without an answer; see whether it "
                     "still runs, and look at the saga before asking again");
  }
  return std::move(*answer);
}

}  // namespace skald
