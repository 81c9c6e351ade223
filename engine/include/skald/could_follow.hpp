// Whether a recorded saga could have gone its way under another version of its definition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/journal.hpp"

namespace skald {

/// Where the other definition would have gone another way.
struct Divergence {
  std::uint64_t version = 0;  ///< Of the journal row.
  std::string what;           ///< One sentence.
};

/// Tells a saga of `candidate` what the recorded one was told: its input, the answers of its
/// participants, signals, requests of operators, in the recorded order. Answers the first row at
/// which the candidate does not issue what the recorded saga issued, or does so for another step or
/// another action; nothing when it could have followed to the end of the journal. How long it waits
/// between attempts does not matter. `recorded` is the definition the saga pinned. Pure.
[[nodiscard]] std::optional<Divergence> first_divergence(const DefinitionPtr& recorded,
                                                         const std::vector<JournalRow>& rows,
                                                         const DefinitionPtr& candidate);

}  // namespace skald
