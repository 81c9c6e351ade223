// The sentence of `why`, with what only this side can know: whether an engine is there to go on,
// and which policy of a participant it lets the saga wait for.
#pragma once

#include <string>

#include "saga_pages.hpp"
#include "skald/time.hpp"
#include "store_access.hpp"

namespace skald::cli {

[[nodiscard]] std::string explain(StoreAccess& access, const FoldedSaga& folded, Time now);

}  // namespace skald::cli
