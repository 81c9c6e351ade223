// Sagas at random: what evolve() makes of events that fit each other only in their steps.
#pragma once

#include <cstdint>
#include <vector>

#include "skald/store.hpp"

namespace skald::test {

/// The journal of saga `number`, with so many rows after its start; the same for the same seed. It
/// folds, though no decision would ever have made it.
[[nodiscard]] std::vector<JournalRow> any_journal(std::uint64_t number, std::uint64_t seed,
                                                  std::size_t rows);
/// The same rows, as a batch stores them, with the summary of a running saga.
[[nodiscard]] Batch batch_of(std::uint64_t number, const std::vector<JournalRow>& rows);

}  // namespace skald::test
