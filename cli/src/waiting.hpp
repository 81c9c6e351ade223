// Waiting for a saga at the engine's control socket, in slices, so that a lost engine is noticed.
#pragma once

#include <optional>

#include "context.hpp"
#include "skald/ids.hpp"
#include "skald/saga.hpp"
#include "store_access.hpp"

namespace skald::cli {

/// Blocks until the saga has ended or is stuck; nothing when `timeout` (absent: for ever) passed
/// or the process was asked to stop. \throws Refused (unavailable) when no engine runs, not_found
[[nodiscard]] std::optional<Status> wait_for(const SagaId& id, std::optional<Duration> timeout,
                                             StoreAccess& access, const Context& context);

/// The exit code that tells how a saga that was waited for stands; nothing: the wait timed out.
[[nodiscard]] int exit_code_of_wait(const std::optional<Status>& status);

/// The value of a --timeout option; nothing for an empty text. \throws Refused (invalid)
[[nodiscard]] std::optional<Duration> parse_timeout(const std::string& text);

}  // namespace skald::cli
