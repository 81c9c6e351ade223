// The sentence of `why`, with what only this side can know: whether an engine is there to go on.
#pragma once

#include <string>

#include "saga_pages.hpp"
#include "skald/time.hpp"
#include "store_access.hpp"

namespace skald::cli {

[[nodiscard]] std::string explain(const StoreAccess& access, const FoldedSaga& folded, Time now);

}  // namespace skald::cli
