#include "views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "skald/expansion.hpp"
#include "skald/filter.hpp"
#include "skald/text.hpp"
#include "skald/view.hpp"

namespace skald::faults {
namespace {

constexpr std::size_t sagas_shown_max = 40;  // Of a look: some families have a thousand.

// As the command-line tool writes it: text that another program reads.
std::string written(const Json& shown) { return dump_json(shown); }

bool readable(const std::string& text) {
  constexpr JsonLimits wide{.depth = 512, .bytes = 1UL << 30U};
  try {
    (void)JsonText::parse(text, wide);
    return true;
  } catch (const JsonError&) {
    return false;
  }
}

void count_end(Tally& tally, const Saga& saga) {
  if (saga.status == Status::stuck) tally.did(Deed::saga_stuck);
  if (saga.status == Status::completed) tally.did(Deed::saga_completed);
  if (saga.status == Status::compensated) tally.did(Deed::saga_compensated);
  if (saga.status == Status::abandoned) tally.did(Deed::saga_abandoned);
}

}  // namespace

void Views::look(Store& store, Time now) {
  std::size_t shown = 0;
  for (const SagaSummary& summary : store.list({}, {}, 2 * sagas_shown_max)) {
    if (damaged_.contains(summary.id)) continue;
    std::uint64_t& seen = seen_[summary.id];
    if (seen == summary.version && seen > 0) continue;
    seen = summary.version;
    if (++shown > sagas_shown_max) break;
    try {
      look_at(store, summary, now);
    } catch (const std::exception& error) {
      tally_.expect(Rule::E2, false, fmt::format("a saga cannot be shown: {}", error.what()));
    }
  }
}

void Views::look_again(Store& store, Time now) {
  seen_.clear();
  look(store, now);
}

void Views::look_at(Store& store, const SagaSummary& summary, Time now) {
  tally_.did(Deed::saga_viewed);
  const std::vector<JournalRow> rows = store.journal(summary.id);
  tally_.expect(Rule::E2, !rows.empty(), "a saga has no journal");
  const Saga saga = fold(rows);
  const DefinitionPtr written_one = store.definition(saga.definition);
  tally_.expect(Rule::E2, written_one != nullptr, "a saga's definition is not in the store");
  if (!written_one) return;
  const auto effective = effective_definition(written_one, saga.input);
  const auto* problem = std::get_if<std::string>(&effective);
  tally_.expect(Rule::E2, !problem,
                "the definition cannot be expanded again: " + (problem ? *problem : ""));
  if (problem) return;
  show(std::get<DefinitionPtr>(effective), saga, rows, now);
  count_end(tally_, saga);
}

void Views::show(const DefinitionPtr& definition, const Saga& saga,
                 const std::vector<JournalRow>& rows, Time now) {
  Definition told = *definition;
  if (mutant_ == DataMutant::unmasked_path) told.secrets.clear();
  std::string all = written(show_json(told, saga, now));
  tally_.expect(Rule::E2, readable(all), "what `show` writes is no JSON");
  for (const JournalRow& row : rows) {
    const std::string line = written(journal_row_json(*definition, row));
    tally_.expect(Rule::E2, readable(line), "what `history` writes is no JSON");
    all += line;
  }
  all += written(list_json(*definition, saga));
  const std::string reason = why(*definition, saga, now);
  tally_.expect(Rule::E2, !reason.empty() && is_utf8(reason), "`why` is empty or no UTF-8");
  all += reason;
  (void)saga_document(*definition, saga);
  const auto& secrets = definition->secrets;
  const bool secret = std::find(secrets.begin(), secrets.end(), "/input/card") != secrets.end();
  tally_.expect(Rule::E7, !secret || all.find("4111-secret") == std::string::npos,
                "a declared secret is shown");
  check_reason(*definition, saga, reason);
}

void Views::check_reason(const Definition& definition, const Saga& saga, const std::string& why) {
  if (!saga.stuck) return;
  const ErrorInfo& error = saga.stuck->error;
  tally_.expect(Rule::E4, !error.code.empty(), "a saga is stuck without an error code");
  // A guard caught what nobody had foreseen: the engine lives, and the kind is to be mended.
  tally_.expect(Rule::E1, error.code != "INTERNAL",
                "only the guard saved the engine: " + error.message);
  if (saga.stuck->step == no_step) return;
  const std::string& step = definition.steps[saga.stuck->step].name;
  tally_.expect(Rule::E4, why.find(step) != std::string::npos,
                "`why` of a stuck saga does not name the step");
}

}  // namespace skald::faults
