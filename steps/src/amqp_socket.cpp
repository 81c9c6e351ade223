#include "amqp_socket.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace skald {

namespace {

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (status != 0) {
    throw ConnectionLost(fmt::format("cannot find the host '{}': {}", host, gai_strerror(status)));
  }
  return {found, &::freeaddrinfo};
}

// Zero when connected, else an errno.
int finish_connecting(int socket, std::chrono::steady_clock::time_point deadline) {
  pollfd ready{socket, POLLOUT, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return ETIMEDOUT;
    const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (count < 0 && errno != EINTR) return errno;
    if (count > 0) break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  if (error != 0) return error;
  // A socket that the guard cut off while it connected reports no error of its own.
  return (ready.revents & POLLHUP) != 0 ? ECONNABORTED : 0;
}

}  // namespace

void SocketGuard::cut() {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

void SocketGuard::close_for_good() {
  const std::lock_guard lock(mutex_);
  closed_for_good_ = true;
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

bool SocketGuard::cut_if_blocked(std::chrono::milliseconds limit) {
  const std::int64_t since = busy_since_ms_.load(std::memory_order_relaxed);
  if (since == 0 || steady_ms() - since <= limit.count()) return false;
  cut();
  return true;
}

void SocketGuard::watch(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  if (closed_for_good_) throw ConnectionLost("the channel is closing");
}

void SocketGuard::forget() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
}

GuardedCall::GuardedCall(SocketGuard& guard) : guard_(guard) {
  guard_.busy_since_ms_.store(steady_ms(), std::memory_order_relaxed);
}

GuardedCall::~GuardedCall() { guard_.busy_since_ms_.store(0, std::memory_order_relaxed); }

int connect_socket(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout,
                   SocketGuard& guard) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const Addresses addresses = resolve(host, port);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    const int socket =
        ::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (socket < 0) {
      error = errno;
      continue;
    }
    try {
      guard.watch(socket);
    } catch (const ConnectionLost&) {
      guard.forget();
      ::close(socket);
      throw;
    }
    error = ::connect(socket, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = finish_connecting(socket, deadline);
    if (error == 0) return socket;
    guard.forget();
    ::close(socket);
  }
  throw ConnectionLost(fmt::format("cannot connect to {}:{}: {}", host, port,
                                   std::system_category().message(error)));
}

void tune_socket(int socket, std::chrono::milliseconds unanswered_limit) {
  const int on = 1;
  const unsigned limit = static_cast<unsigned>(unanswered_limit.count());
  // Without these the connection works too, only less promptly: failure is no error.
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

// Without TCP_CORK every write goes at once, as ever: failure is no error.
HeldWrites::HeldWrites(int socket) : socket_(socket) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

HeldWrites::~HeldWrites() {
  const int off = 0;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
}

timeval to_timeval(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return {seconds.count(), std::chrono::microseconds(duration - seconds).count()};
}

}  // namespace skald
