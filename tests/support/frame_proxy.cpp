#include "frame_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>
#include <vector>

#include "skald/error.hpp"

namespace skald::faults {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

// More than the largest frame, or it could never be put together.
constexpr std::size_t buffered_max = 512UL * 1024;
constexpr milliseconds look_again{1'000};

std::size_t index(Way way) { return static_cast<std::size_t>(way); }

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_up(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

FrameProxy::FrameProxy(std::uint16_t target_port) : target_port_(target_port) {
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

FrameProxy::~FrameProxy() {
  thread_.request_stop();
  wake_.raise();
  thread_.join();
  for (Link& link : links_) close_link(link, true);
  ::close(listener_);
}

std::size_t FrameProxy::cut() {
  std::unique_lock lock(mutex_);
  cutting_ = true;
  wake_.raise();
  changed_.wait(lock, [this] { return !cutting_; });
  return cut_now_;
}

void FrameProxy::arm(const CutPoint& point) {
  const std::lock_guard lock(mutex_);
  armed_ = point;
  frames_ = {};
}

bool FrameProxy::await_cut(milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return !armed_; });
}

void FrameProxy::disarm() {
  const std::lock_guard lock(mutex_);
  armed_.reset();
}

void FrameProxy::change(const std::function<void(Settings&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    change(settings_);
  }
  wake_.raise();
}

void FrameProxy::silence(Way way, bool on) {
  change([way, on](Settings& settings) { settings.silent[index(way)] = on; });
}

void FrameProxy::trickle(int bytes_per_second) {
  change([=](Settings& settings) { settings.bytes_per_second = bytes_per_second; });
}

void FrameProxy::delay(milliseconds delay) {
  change([=](Settings& settings) { settings.delay = delay; });
}

void FrameProxy::refuse(bool on) {
  change([on](Settings& settings) { settings.refusing = on; });
}

void FrameProxy::judge(Judge judge) {
  change(
      [&judge](Settings& settings) { settings.judge = std::make_shared<Judge>(std::move(judge)); });
}

void FrameProxy::heal() {
  change([](Settings& settings) { settings = {}; });
}

std::uint64_t FrameProxy::frames(Way way) const {
  const std::lock_guard lock(mutex_);
  return frames_[index(way)];
}

std::uint64_t FrameProxy::cuts() const {
  const std::lock_guard lock(mutex_);
  return cuts_;
}

void FrameProxy::close_link(Link& link, bool reset) {
  if (link.dead) return;
  link.dead = true;
  for (const int socket : {link.up.from, link.up.to}) {
    const linger at_once{1, 0};
    if (reset) ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(socket);
  }
}

void FrameProxy::accept_one(const Settings& settings) {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_port_);
  const bool connected =
      !settings.refusing &&
      ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!connected) {
    ::close(client);
    ::close(server);
    return;
  }
  set_up(client);
  set_up(server);
  links_.push_back({Lane{Way::to_broker, client, server, FrameReader(true)},
                    Lane{Way::to_client, server, client, FrameReader(false)}});
}

bool FrameProxy::may_read(const Lane& lane, const Settings& settings) const {
  return !settings.silent[index(lane.way)] && !lane.breaks &&
         lane.bytes + lane.reader.waiting() < buffered_max;
}

FrameProxy::Moment FrameProxy::write_due(const Lane& lane, const Settings& settings) const {
  if (settings.silent[index(lane.way)] || lane.chunks.empty()) return Moment::max();
  const Moment due = lane.chunks.front().due;
  return settings.bytes_per_second > 0 ? std::max(due, lane.next_byte) : due;
}

void FrameProxy::read(Lane& lane, Link& link, const Settings& settings) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(lane.from, buffer.data(), buffer.size(), 0);
  if (count < 0 && would_block()) return;
  if (count <= 0) {
    close_link(link, false);
    return;
  }
  lane.reader.feed(buffer.data(), static_cast<std::size_t>(count));
  while (!lane.breaks) {
    auto frame = lane.reader.next();
    if (!frame) return;
    take(lane, *std::move(frame), settings);
  }
}

void FrameProxy::take(Lane& lane, Frame frame, const Settings& settings) {
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = ++frames_[index(lane.way)];
    if (armed_ && armed_->way == lane.way && number >= armed_->frame) {
      const auto size = static_cast<double>(frame.bytes.size());
      frame.bytes.resize(static_cast<std::size_t>(std::floor(size * armed_->passes)));
      lane.breaks = true;
      lane.resets = armed_->reset;
      armed_.reset();
      ++cuts_;
    }
  }
  if (settings.judge && !lane.breaks) {
    if (auto other = (*settings.judge)(lane.way, frame)) frame.bytes = *std::move(other);
  }
  lane.bytes += frame.bytes.size();
  if (!frame.bytes.empty()) {
    lane.chunks.push_back({Steady::now() + settings.delay, std::move(frame.bytes)});
  }
}

void FrameProxy::write(Lane& lane, Link& link, const Settings& settings) {
  while (!link.dead && write_due(lane, settings) <= Steady::now()) {
    std::string& bytes = lane.chunks.front().bytes;
    const bool slowly = settings.bytes_per_second > 0;
    const ssize_t count = ::send(lane.to, bytes.data(), slowly ? 1 : bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && would_block()) return;
    if (count < 0) {
      close_link(link, false);
      return;
    }
    if (slowly) lane.next_byte = Steady::now() + milliseconds{1000 / settings.bytes_per_second};
    bytes.erase(0, static_cast<std::size_t>(count));
    lane.bytes -= static_cast<std::size_t>(count);
    if (bytes.empty()) lane.chunks.pop_front();
  }
  if (lane.breaks && lane.chunks.empty()) close_link(link, lane.resets);
}

void FrameProxy::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Settings settings;
    {
      const std::lock_guard lock(mutex_);
      settings = settings_;
      if (cutting_) {
        cut_now_ = links_.size();
        cuts_ += cut_now_;
        for (Link& link : links_) close_link(link, true);
        links_.clear();
        cutting_ = false;
      }
    }
    changed_.notify_all();
    std::vector<pollfd> watched{{wake_.fd(), POLLIN, 0}, {listener_, POLLIN, 0}};
    const Moment now = Steady::now();
    Moment next = now + look_again;
    for (Link& link : links_) {
      for (Lane* lane : {&link.up, &link.down}) {
        const Moment due = write_due(*lane, settings);
        if (due > now) next = std::min(next, due);
        // A negative descriptor is passed over: one nobody listens to would report its end for
        // ever.
        watched.push_back({may_read(*lane, settings) ? lane->from : -1, POLLIN, 0});
        watched.push_back({due <= now ? lane->to : -1, POLLOUT, 0});
      }
    }
    const auto patience = std::chrono::ceil<milliseconds>(next - now);
    ::poll(watched.data(), watched.size(), static_cast<int>(patience.count()));
    wake_.clear();
    std::size_t at = 2;
    for (Link& link : links_) {
      for (Lane* lane : {&link.up, &link.down}) {
        if (!link.dead && watched[at].revents != 0) read(*lane, link, settings);
        if (!link.dead) write(*lane, link, settings);
        at += 2;
      }
    }
    links_.remove_if([](const Link& link) { return link.dead; });
    if (watched[1].revents != 0) accept_one(settings);
  }
}

}  // namespace skald::faults
