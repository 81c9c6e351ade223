// `--dry-run`: a change decided on every chosen saga and shown, with nothing stored or sent.
#pragma once

#include "change.hpp"
#include "store_access.hpp"

namespace skald::cli {

/// Writes what the change would do and answers the exit code that it would have.
[[nodiscard]] int rehearse(const Change& change, const ChangeOptions& options,
                           const Selection& selection, StoreAccess& access, Context& context);

}  // namespace skald::cli
