// `--dry-run`: a change decided on every chosen saga and shown, with nothing stored or sent.
#pragma once

#include "change.hpp"

namespace skald::cli {

/// Writes what the change would do and answers the exit code that it would have.
[[nodiscard]] int rehearse(const Change& change, const ChangeOptions& options,
                           const Selection& selection, SagaPages& pages, Context& context);

}  // namespace skald::cli
