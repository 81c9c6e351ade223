// A change to one saga or to many: choosing, asking, pacing, and saying what came of each.
#pragma once

#include <functional>
#include <string>

#include "context.hpp"
#include "output/format.hpp"
#include "preview.hpp"
#include "selection.hpp"
#include "skald/inputs.hpp"
#include "skald/json.hpp"
#include "skald/store.hpp"

namespace skald::cli {

struct ChangeOptions {
  SelectionOptions selection;
  bool yes = false;
  bool dry_run = false;
  std::string rate;  ///< `5/s` or `30/m`; empty: as fast as it goes.
  std::string reason;
  FormatOption format;
};

/// `with_step` as for FilterOptions.
void add_to(CLI::App& app, ChangeOptions& options, bool with_step = true);

/// What one verb adds to the procedure that all changes share.
struct Change {
  std::string verb;  ///< Of the request, and in what people are asked.
  Json fields;       ///< Of the request, beside verb, id, by and reason.
  std::string step;  ///< Name of the step it concerns; empty: none.
  /// For --dry-run: the input that the request becomes. The step is no_step when none is named.
  std::function<Input(StepIndex, const Requester&)> input;
  /// For --dry-run of a replay: what the new saga would do. Absent for all other verbs.
  std::function<Preview(const FoldedSaga&, StoreReader&, Time now)> successor = nullptr;
};

/// Carries the change out on every chosen saga and answers the exit code. Together with a filter,
/// the change's step also chooses the sagas: those that are at it.
[[nodiscard]] int carry_out(const Change& change, const ChangeOptions& options, Context& context);

/// The pause between two changes. \throws Refused (invalid)
[[nodiscard]] Duration parse_rate(const std::string& rate);

}  // namespace skald::cli
