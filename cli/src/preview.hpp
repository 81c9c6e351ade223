// What a request would do to a saga, found out by deciding it here without storing anything.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "saga_pages.hpp"
#include "skald/decide.hpp"

namespace skald::cli {

/// A command that would be sent at once.
struct PreviewedCommand {
  AttemptRef attempt;
  std::string step;
  std::string participant;
  std::string action;
  Json shown_body;  ///< With what the definition declares secret hidden.
};

struct Preview {
  std::optional<Refusal> refusal;
  Status status = Status::pending;  ///< The saga's afterwards.
  std::vector<PreviewedCommand> commands;
};

/// Decides `input` on this saga as if every participant had room.
[[nodiscard]] Preview preview(const FoldedSaga& folded, const Input& input, Time now);

/// Decides in the same way the start of a saga that runs another one, `before`, again. What either
/// of the two definitions declares secret is hidden.
[[nodiscard]] Preview preview_successor(const Definition& definition, const StartRequested& start,
                                        const FoldedSaga& before, Time now);

/// The commands as rows of JSON: step, direction, attempt, participant, action, body.
[[nodiscard]] Json preview_json(const Preview& preview);

}  // namespace skald::cli
