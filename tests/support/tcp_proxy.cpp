#include "tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "skald/error.hpp"

namespace skald::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// False at the end of the stream or on an error.
bool pass_on(int from, int to) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t part =
        ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += part;
  }
  return count > 0;
}

void reset(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target_port) : target_port_(target_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    throw ChannelError("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  wake_.raise();
  thread_.join();
  close_all();
  ::close(listener_);
}

void TcpProxy::cut() {
  cutting_ = true;
  wake_.raise();
  cutting_.wait(true);
}

void TcpProxy::hold(bool on) {
  holding_ = on;
  wake_.raise();
}

void TcpProxy::close_all() {
  for (const Pair& pair : pairs_) {
    reset(pair.client);
    reset(pair.server);
  }
  pairs_.clear();
}

void TcpProxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  ++accepted_;
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_port_);
  const bool connected =
      !refusing_ &&
      ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (connected) {
    pairs_.push_back({client, server});
  } else {
    reset(client);
    ::close(server);
  }
}

void TcpProxy::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> watched{{wake_.fd(), POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      // A negative descriptor is passed over.
      watched.push_back({holding_ ? -1 : pair.client, POLLIN, 0});
      watched.push_back({holding_ ? -1 : pair.server, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    wake_.clear();
    if (cutting_) {
      close_all();
      cutting_ = false;
      cutting_.notify_all();
      continue;
    }
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      const Pair pair = pairs_[i];
      const bool open = (watched[2 + 2 * i].revents == 0 || pass_on(pair.client, pair.server)) &&
                        (watched[3 + 2 * i].revents == 0 || pass_on(pair.server, pair.client));
      if (open) continue;
      reset(pair.client);
      reset(pair.server);
      pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (watched[1].revents != 0) accept_one();
  }
}

}  // namespace skald::test
