#include "invariants.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "saga_path.hpp"
#include "skald/sqlite_reader.hpp"

namespace skald::faults {
namespace {

using testing::Invariant;
using testing::SagaPath;

using StepKey = std::tuple<SagaId, std::string, Direction>;

class Check {
 public:
  Check(const Files& files, const Acknowledged& acknowledged, Findings& findings,
        std::uint64_t quarantined)
      : files_(files),
        acknowledged_(acknowledged),
        findings_(findings),
        quarantined_(quarantined),
        reader_(files.store()) {}

  Tally run() {
    check_files();
    read_ledgers();
    const auto summaries = reader_.list({}, {}, SIZE_MAX);
    check_starts(summaries);
    for (const SagaSummary& summary : summaries) check_saga(summary);
    check_positions();
    check_deliveries();
    check_effects_have_sagas();
    const auto unusable = reader_.quarantine(0, SIZE_MAX);
    findings_.expect(Invariant::I10, unusable.size() == quarantined_,
                     "{} messages lie in quarantine, not {}; the last as {}", unusable.size(),
                     quarantined_, unusable.empty() ? "" : unusable.back().reason);
    tally_.sagas = summaries.size();
    return std::move(tally_);
  }

 private:
  void check_files();
  void read_ledgers();
  void check_starts(const std::vector<SagaSummary>& summaries);
  void check_saga(const SagaSummary& summary);
  void note_rows(const SagaSummary& summary, const Definition& definition,
                 const std::vector<JournalRow>& rows);
  void check_steps(const Definition& definition, const Saga& saga);
  void check_completed_step(const Definition& definition, const Saga& saga, StepIndex step);
  void check_compensated_step(const Definition& definition, const Saga& saga, StepIndex step);
  void check_order(const Definition& definition, const Saga& saga);
  void check_positions();
  void check_deliveries();
  void check_effects_have_sagas();
  [[nodiscard]] const std::vector<std::int64_t>& effects(const Definition& definition,
                                                         const Saga& saga, StepIndex step,
                                                         Direction direction) const;

  const Files& files_;
  const Acknowledged& acknowledged_;
  Findings& findings_;
  const std::uint64_t quarantined_;
  SqliteReader reader_;
  Tally tally_;
  std::map<StepKey, std::vector<std::int64_t>> effects_;  // Times, in order.
  std::set<SagaId> sagas_;
  std::set<std::string> issued_;  // Command ids of the journal.
  std::vector<Position> positions_;
};

void Check::check_files() {
  const auto faults = reader_.check();
  findings_.expect(Invariant::I14, faults.empty(), "the store: {}",
                   faults.empty() ? "" : faults.front());
  for (const char* participant : participant_names) {
    findings_.expect(Invariant::I14, is_sound(files_.ledger(participant)),
                     "the database of {} is damaged", participant);
  }
}

void Check::read_ledgers() {
  for (const char* participant : participant_names) {
    for (const Effect& effect : read_effects(files_.ledger(participant), participant)) {
      effects_[{effect.saga, effect.step, effect.direction}].push_back(effect.at);
      ++tally_.effects;
    }
  }
  for (const auto& [key, times] : effects_) {
    const auto& [saga, step, direction] = key;
    findings_.expect(Invariant::I6, times.size() == 1, "{}: {} of {} took effect {} times",
                     saga.to_string(), to_string(direction), step, times.size());
  }
}

void Check::check_starts(const std::vector<SagaSummary>& summaries) {
  std::map<std::string, SagaId> by_key;
  for (const SagaSummary& summary : summaries) {
    const bool fresh = by_key.emplace(summary.key.value_or(""), summary.id).second;
    findings_.expect(Invariant::I1, fresh, "two sagas have the key {}",
                     summary.key.value_or("(none)"));
  }
  for (const auto& [key, id] : acknowledged_) {
    const auto found = by_key.find(key);
    findings_.expect(Invariant::I1, found != by_key.end() && found->second == id,
                     "{} was acknowledged as {} and is not there", key, id.to_string());
  }
}

void Check::check_saga(const SagaSummary& summary) {
  ++tally_.by_status[to_string(summary.status)];
  sagas_.insert(summary.id);
  const bool quiet =
      is_end(summary.status) || (summary.status == Status::stuck && !summary.error_code.empty());
  findings_.expect(Invariant::I2, quiet, "{} ({}) is still {}", summary.id.to_string(),
                   summary.key.value_or("no key"), to_string(summary.status));
  findings_.expect(Invariant::I6, !summary.contradicted, "{}: a participant contradicted itself",
                   summary.id.to_string());
  const DefinitionPtr definition = reader_.definition(summary.definition);
  findings_.expect(Invariant::I3, definition != nullptr, "{}: its definition is missing",
                   summary.id.to_string());
  if (!definition) return;
  const auto rows = reader_.journal(summary.id);
  note_rows(summary, *definition, rows);
  const std::string name =
      fmt::format("{} ({})", summary.id.to_string(), summary.key.value_or("no key"));
  SagaPath path(definition, name, findings_);
  path.walk(rows, summary);
  if (path.saga().steps.size() != definition->steps.size()) return;
  if (path.saga().turn_back) ++tally_.turned_back;
  check_steps(*definition, path.saga());
  check_order(*definition, path.saga());
}

void Check::note_rows(const SagaSummary& summary, const Definition& definition,
                      const std::vector<JournalRow>& rows) {
  for (const JournalRow& row : rows) {
    ++tally_.journal_rows;
    positions_.push_back(row.position);
    for (const Event& event : row.events) {
      if (std::holds_alternative<AttemptUnanswered>(event)) ++tally_.timeouts;
      const auto* issued = std::get_if<CommandIssued>(&event);
      if (!issued) continue;
      const AttemptRef& attempt = issued->attempt;
      const std::string& step = definition.steps[attempt.step].name;
      issued_.insert(CommandId{summary.id, step, attempt.direction, attempt.attempt}.to_string());
    }
  }
}

const std::vector<std::int64_t>& Check::effects(const Definition& definition, const Saga& saga,
                                                StepIndex step, Direction direction) const {
  static const std::vector<std::int64_t> none;
  const auto found = effects_.find({saga.id, definition.steps[step].name, direction});
  return found == effects_.end() ? none : found->second;
}

void Check::check_steps(const Definition& definition, const Saga& saga) {
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    const auto& done = effects(definition, saga, step, Direction::action);
    const auto& undone = effects(definition, saga, step, Direction::compensate);
    findings_.expect(Invariant::I7, done.empty() || undone.empty() || done.back() < undone.front(),
                     "{}: {} took effect after it was undone", saga.id.to_string(),
                     definition.steps[step].name);
    if (saga.status == Status::completed) check_completed_step(definition, saga, step);
    if (saga.status == Status::compensated) check_compensated_step(definition, saga, step);
  }
}

void Check::check_completed_step(const Definition& definition, const Saga& saga, StepIndex step) {
  const StepState& s = saga.steps[step];
  const std::size_t done = effects(definition, saga, step, Direction::action).size();
  const std::size_t undone = effects(definition, saga, step, Direction::compensate).size();
  const std::string& name = definition.steps[step].name;
  const bool skipped = s.status == StepStatus::skipped;
  findings_.expect(Invariant::I4, skipped ? done <= 1 : done == 1,
                   "{} is completed: {} is {} and took effect {} times", saga.id.to_string(), name,
                   to_string(s.status), done);
  findings_.expect(Invariant::I4, undone == 0 && s.of(Direction::compensate).made == 0,
                   "{} is completed and yet {} was undone", saga.id.to_string(), name);
}

void Check::check_compensated_step(const Definition& definition, const Saga& saga, StepIndex step) {
  const std::size_t done = effects(definition, saga, step, Direction::action).size();
  const std::size_t undone = effects(definition, saga, step, Direction::compensate).size();
  const Step& defined = definition.steps[step];
  if (!defined.compensation) {
    const bool pivot = defined.kind == StepKind::pivot;
    findings_.expect(Invariant::I13, !pivot || done == 0,
                     "{} is compensated though its pivot {} "
                     "took effect",
                     saga.id.to_string(), defined.name);
    return;
  }
  findings_.expect(Invariant::I5, saga.forced || done == undone,
                   "{} is compensated: {} took effect {} times and was undone {} times",
                   saga.id.to_string(), defined.name, done, undone);
}

// By the participants' own clocks: forward in order of steps, back in the reverse.
void Check::check_order(const Definition& definition, const Saga& saga) {
  std::int64_t before = 0;
  for (StepIndex step = 0; step < saga.steps.size(); ++step) {
    if (saga.steps[step].status != StepStatus::succeeded) continue;
    const auto& done = effects(definition, saga, step, Direction::action);
    if (done.empty()) continue;
    findings_.expect(Invariant::I8, done.front() > before,
                     "{}: {} took effect before its "
                     "predecessor",
                     saga.id.to_string(), definition.steps[step].name);
    before = done.front();
  }
  before = 0;
  for (auto step = static_cast<StepIndex>(saga.steps.size()); step-- > 0;) {
    const auto& undone = effects(definition, saga, step, Direction::compensate);
    if (undone.empty()) continue;
    findings_.expect(Invariant::I5, undone.front() > before,
                     "{}: {} was undone before a later "
                     "step",
                     saga.id.to_string(), definition.steps[step].name);
    before = undone.front();
  }
}

void Check::check_positions() {
  std::sort(positions_.begin(), positions_.end());
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    findings_.expect(Invariant::I3, positions_[i] == static_cast<Position>(i + 1),
                     "the journal's row {} is at position {}", i + 1, positions_[i]);
  }
}

void Check::check_deliveries() {
  std::set<std::string> seen;
  for (const char* participant : participant_names) {
    for (const CommandId& command : DeliveryLog::read(files_.deliveries(participant))) {
      ++tally_.deliveries;
      const std::string id = command.to_string();
      if (!seen.insert(id).second) ++tally_.repeats;
      findings_.expect(Invariant::I10, issued_.contains(id),
                       "{} was delivered and no journal row issued it", id);
    }
  }
}

void Check::check_effects_have_sagas() {
  for (const auto& [key, times] : effects_) {
    const SagaId& saga = std::get<SagaId>(key);
    findings_.expect(Invariant::I10, sagas_.contains(saga),
                     "{} had an effect and is not in the store", saga.to_string());
  }
}

}  // namespace

Tally check_invariants(const Files& files, const Acknowledged& acknowledged, Findings& findings,
                       std::uint64_t quarantined) {
  return Check(files, acknowledged, findings, quarantined).run();
}

}  // namespace skald::faults
