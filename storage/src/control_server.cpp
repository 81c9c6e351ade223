#include "control_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <new>
#include <system_error>

#include "control_frame.hpp"
#include "skald/crash_point.hpp"
#include "skald/error.hpp"
#include "skald/json.hpp"

namespace skald {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connections_max = 64;  // more wait in the kernel's queue
constexpr int backlog = 64;
constexpr auto idle_max = 60s;
/// A connection that has been idle for less keeps its place: its request may be on its way.
constexpr auto idle_min = 1s;
constexpr auto transfer_max = 5s;
constexpr int retry_accept_ms = 100;
constexpr int retry_room_ms = 100;

std::int64_t steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

Deadline in(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

void remove_stale(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode) && !S_ISLNK(found.st_mode)) {
    throw StoreError(StoreError::Kind::failed,
                     fmt::format("{} is in the way of the control socket; remove it", path));
  }
  if (::unlink(path.c_str()) != 0) throw_system_error(errno, "remove " + path);
}

FileDescriptor listen_at(const std::string& path) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_system_error(errno, "create the control socket");
  const sockaddr_un address = socket_address(path);
  // On Linux a socket hands its own mode to the name it is bound to, so that there is no moment at
  // which others could connect, and the process's umask stays as it is.
  if (::fchmod(socket.get(), 0600) != 0 ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), backlog) != 0) {
    throw_system_error(errno, "listen at " + path);
  }
  return socket;
}

std::string error_answer(const std::string& message) {
  std::string answer = R"({"ok":false,"error":{"code":"INVALID","message":)";
  append_json_string(answer, message);
  return answer + "}}";
}

}  // namespace

ControlServer::ControlServer(const std::string& store_path, ControlHandler handler)
    : paths_(control_paths(store_path)),
      handler_(std::move(handler)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw_system_error(errno, "create the control socket");
  remove_stale(paths_.socket);
  listener_ = listen_at(paths_.socket);
  if (!paths_.link.empty()) {
    remove_stale(paths_.link);
    std::filesystem::create_symlink(paths_.socket, paths_.link);
  }
  acceptor_ = std::jthread([this] { accept_until_stopped(); });
}

ControlServer::~ControlServer() {
  stopping_ = true;
  wake();
  acceptor_.join();
  // Reading ends, writing does not: an answer on its way still arrives.
  for (Connection& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RD);
  connections_.clear();
  ::unlink(paths_.socket.c_str());
  if (!paths_.link.empty()) ::unlink(paths_.link.c_str());
}

void ControlServer::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is at its limit, and then the sleeper is awake.
  static_cast<void>(::write(wake_.get(), &one, sizeof one) < 0);
}

void ControlServer::accept_until_stopped() {
  while (!stopping_) {
    connections_.remove_if([](const Connection& connection) { return connection.done.load(); });
    std::array<pollfd, 2> polled{pollfd{wake_.get(), POLLIN, 0},
                                 pollfd{listener_.get(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), -1);
    std::uint64_t woken = 0;
    static_cast<void>(::read(wake_.get(), &woken, sizeof woken) < 0);
    if (stopping_ || (polled[1].revents & POLLIN) == 0) continue;
    if (connections_.size() < connections_max) {
      accept_one();
    } else {
      // Somebody waits for a place. It is free once the thread of the one that gives way has
      // ended, which wakes this one; until one may, there is nothing to do.
      make_room();
      ::poll(polled.data(), 1, retry_room_ms);
    }
  }
}

void ControlServer::make_room() {
  const std::int64_t latest = steady_now() - std::chrono::nanoseconds(idle_min).count();
  Connection* longest = nullptr;
  std::int64_t since = latest;
  for (Connection& connection : connections_) {
    const std::int64_t idle = connection.idle_since;
    if (idle == 0 || idle > since) continue;
    longest = &connection;
    since = idle;
  }
  if (longest == nullptr) return;
  // Only reading ends: a request that came in this very moment is still answered.
  ::shutdown(longest->socket.get(), SHUT_RD);
  longest->idle_since = 0;
}

void ControlServer::accept_one() {
  FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    // Out of descriptors, the listener stays readable: wait a little instead of spinning.
    pollfd polled{wake_.get(), POLLIN, 0};
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) ::poll(&polled, 1, retry_accept_ms);
    return;
  }
  // Without a thread or memory to be had, the client sees the connection close.
  std::list<Connection> made;
  try {
    Connection& connection = made.emplace_back();
    connection.socket = std::move(socket);
    connection.thread = std::jthread([this, &connection] { answer(connection); });
  } catch (const std::system_error&) {
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
  connections_.splice(connections_.end(), made);
}

void ControlServer::answer(Connection& connection) {
  const int socket = connection.socket.get();
  try {
    const unsigned uid = peer_uid(socket);
    if (uid == ::geteuid() || uid == 0) answer_requests(connection);
  } catch (const StoreError&) {
    // The client is gone or does not keep to the frames: the connection ends, the engine goes on.
  } catch (const std::bad_alloc&) {
    // One request was too much; whether it was taken is for the client to look up.
  }
  ::shutdown(socket, SHUT_RDWR);
  connection.done = true;
  wake();
}

void ControlServer::answer_requests(Connection& connection) {
  const int socket = connection.socket.get();
  while (!stopping_) {
    connection.idle_since = steady_now();
    const bool came = wait_readable(socket, in(idle_max));
    connection.idle_since = 0;
    if (!came) return;
    std::optional<std::string> request;
    try {
      request = read_frame(socket, in(transfer_max));
    } catch (const StoreError& error) {
      write_frame(socket, error_answer(error.what()), in(transfer_max));
      throw;
    }
    if (!request || stopping_) return;
    crash_point(CrashPoint::control_before_request);
    const std::string answer = answer_one(*request);
    crash_point(CrashPoint::control_before_answer);
    const bool fits = answer.size() <= frame_bytes_max;
    write_frame(socket, fits ? answer : error_answer("the answer is too long; ask for less"),
                in(transfer_max));
  }
}

// The handler is not to throw. If it does, this request has failed, and nothing else.
std::string ControlServer::answer_one(const std::string& request) {
  try {
    return handler_(request);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return error_answer(
        fmt::format("the request failed: {}; this is a bug of Skald", error.what()));
  }
}

}  // namespace skald
