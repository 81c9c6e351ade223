// What the exit code of `skald` tells a script. The numbers are a promise; see docs/cli.md.
#pragma once

#include "skald/error.hpp"

namespace skald::cli {

enum Exit : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_not_found = 3,
  exit_wrong_state = 4,  ///< Also a business key that is taken.
  exit_unavailable = 5,  ///< The store is locked, or no engine answers.
  exit_some_failed = 6,  ///< Some of many.
  exit_not_confirmed = 7,
  exit_compensated = 10,  ///< Of a saga that was waited for; so are the two that follow.
  exit_stuck = 11,
  exit_abandoned = 12,
  exit_wait_timed_out = 124,
};

[[nodiscard]] int exit_code(Refused::Code code);
[[nodiscard]] int exit_code(StoreError::Kind kind);

}  // namespace skald::cli
