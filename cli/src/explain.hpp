// The sentence of `why`, with what only this side can know: whether an engine is there to go on,
// which policy of a participant it lets the saga wait for, and how the child sagas stand.
#pragma once

#include <string>

#include "saga_pages.hpp"
#include "skald/time.hpp"
#include "store_access.hpp"

namespace skald::cli {

/// Names what holds the saga back also where that is a child saga's matter.
[[nodiscard]] std::string explain(StoreAccess& access, const FoldedSaga& folded, Time now);

}  // namespace skald::cli
