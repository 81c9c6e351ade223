// How a saga is shown to people and scripts: the JSON of `show`, the sentence of `why`, histories.
//
// Names and states are those of docs/cli.md. What the definition's `secrets` name is hidden, also
// where errors, locks and reasons repeat it: see skald/secret_mask.hpp.
#pragma once

#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/journal.hpp"
#include "skald/saga.hpp"
#include "skald/secret_mask.hpp"

namespace skald {

/// The JSON of `skald show`.
[[nodiscard]] Json show_json(const Definition& definition, const Saga& saga, Time now);
/// One line of `skald list`: id, type, version, status, paused, forced, key, step (where it is),
/// error_code, attempts (of that step), started_at, updated_at, ended_at, next_at.
[[nodiscard]] Json list_json(const Definition& definition, const Saga& saga);
/// One sentence: what the saga waits for, since when, what happens next and when, and which verb
/// would help. What it advises helps: docs/cli.md has the table. Without the journal it does not
/// say since when the saga is stuck.
[[nodiscard]] std::string why(const Definition& definition, const Saga& saga, Time now);
/// The same with the saga's whole journal, which knows since when.
[[nodiscard]] std::string why(const SecretMask& mask, const Saga& saga,
                              const std::vector<JournalRow>& rows, Time now);
/// The same, for a caller that has the saga's mask already.
[[nodiscard]] std::string why(const SecretMask& mask, const Saga& saga, Time now);
/// An event as histories show it: `{"event": "step.succeeded", "step": "charge", …}`. The mask is
/// that of the whole saga.
[[nodiscard]] Json event_json(const SecretMask& mask, const Event& event);
/// A journal row: `{"version", "at", "events": […]}`.
[[nodiscard]] Json journal_row_json(const SecretMask& mask, const JournalRow& row);
/// Where the saga is: the step in flight, waiting, stuck or failed; no_step when there is none.
[[nodiscard]] StepIndex current_step(const Saga& saga);
/// The saga's document that templates and filters point into:
/// `{"id", "key", "input", "output", "steps": {"<name>": {"status", "output"}}}`. Nothing in it is
/// hidden: it is not for people.
[[nodiscard]] Json saga_document(const Definition& definition, const Saga& saga);

}  // namespace skald
