#include "stop_signals.hpp"

#include <ctime>

namespace skald::cli {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

StopSignals::~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool wait_for_stop(Duration duration) {
  const sigset_t set = stop_set();
  const auto milliseconds = duration.count() > 0 ? duration.count() : 0;
  const timespec timeout{milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
  return sigtimedwait(&set, nullptr, &timeout) > 0;
}

}  // namespace skald::cli
