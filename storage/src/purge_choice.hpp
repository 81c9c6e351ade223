// Which sagas a purge may take: the rules, the same for every store.
#pragma once

#include <vector>

#include "skald/store.hpp"

namespace skald {

/// What one slice takes.
struct PurgeChoice {
  std::vector<SagaId> sagas;
  std::uint64_t rows = 0;  ///< Of their journals.
  SagaId last;             ///< As in Purged.
};

/// `oldest` are the summaries behind `slice.after` that may be old enough, in order of id, at most
/// `slice.sagas_max` of them. One state of the store must be seen throughout. \throws StoreError
[[nodiscard]] PurgeChoice choose_for_purge(StoreReader& store, const PurgeSlice& slice,
                                           const std::vector<SagaSummary>& oldest);

/// No saga with this id or a later one can have ended before: ids begin with the time of the start.
[[nodiscard]] SagaId first_too_young(const PurgeSlice& slice);

}  // namespace skald
