#include "wake_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "skald/error.hpp"

namespace skald {

WakeSignal::WakeSignal() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) {
    throw ChannelError("cannot make a signal between threads: " +
                       std::system_category().message(errno));
  }
}

WakeSignal::~WakeSignal() { ::close(fd_); }

void WakeSignal::raise() {
  const std::uint64_t one = 1;
  // The only possible failure is a counter that is full, and then the signal is raised already.
  if (::write(fd_, &one, sizeof one) < 0) return;
}

void WakeSignal::clear() {
  std::uint64_t count = 0;
  // Failing means that it was not raised.
  if (::read(fd_, &count, sizeof count) < 0) return;
}

bool WakeSignal::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{fd_, POLLIN, 0};
    const int count = ::poll(&ready, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return false;
  }
}

}  // namespace skald
