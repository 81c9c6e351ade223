// SIGINT and SIGTERM as something to wait for instead of sudden death.
#pragma once

#include <csignal>

#include "skald/time.hpp"

namespace skald::cli {

/// From construction to destruction, the two signals are held back in this thread and in those it
/// starts, to be asked for by wait_for_stop().
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  sigset_t before_;
};

/// Waits that long; true when one of the signals came. While no StopSignals exists they end the
/// process as usual, and this only waits.
[[nodiscard]] bool wait_for_stop(Duration duration);

}  // namespace skald::cli
