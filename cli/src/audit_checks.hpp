// The invariants that one saga's records can be held against without asking anybody else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/saga.hpp"
#include "skald/store.hpp"

namespace skald::cli {

/// What is wrong with a saga, a sentence each; empty when all is well. `summary` and `definition`
/// are nothing when the store has none.
[[nodiscard]] std::vector<std::string> audit_saga(const std::vector<JournalRow>& rows,
                                                  const std::optional<SagaSummary>& summary,
                                                  const DefinitionPtr& definition);

}  // namespace skald::cli
