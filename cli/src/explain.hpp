// The sentence of `why`, with what only this side can know: whether an engine is there to go on,
// which policy of a participant it lets the saga wait for, and how the child sagas stand.
#pragma once

#include <string>
#include <vector>

#include "saga_pages.hpp"
#include "skald/time.hpp"
#include "store_access.hpp"

namespace skald::cli {

/// The sentence, and one more for each child saga that it waits for, down to the last generation:
/// a line each.
[[nodiscard]] std::vector<std::string> explain(StoreAccess& access, const FoldedSaga& folded,
                                               Time now);
/// The lines as one text, as JSON shows it.
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

}  // namespace skald::cli
