// Whether a journal can be folded at all.
//
// evolve() is total over what decide() produces. A row that was damaged, or written by other hands,
// can hold anything that decodes: a step beyond the saga's, a second start. This looks for that
// before a journal is folded, so that the hot path need not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/journal.hpp"

namespace skald {

/// Why `rows` cannot follow what `saga` has been through, as a clause that names the row; nothing
/// when they can. `saga` is empty (default) when `rows` are a whole journal. Pure.
[[nodiscard]] std::optional<std::string> journal_problem(const Saga& saga,
                                                         const std::vector<JournalRow>& rows);

}  // namespace skald
