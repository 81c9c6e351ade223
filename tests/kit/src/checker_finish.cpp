// What is looked at when all is quiet: every saga, and the store beside it.
#include "checker.hpp"
#include "saga_end.hpp"

namespace skald::testing {
namespace {

// What an event says came to pass, if it is anything that is counted.
std::optional<Happening> happening_of(const Event& event) {
  if (std::holds_alternative<AttemptHedged>(event)) return Happening::attempt_hedged;
  if (std::holds_alternative<SignalTaken>(event)) return Happening::signal_taken;
  if (std::holds_alternative<SiblingsAwaited>(event)) return Happening::siblings_awaited;
  if (std::holds_alternative<KeyHandedOver>(event)) return Happening::key_handed_over;
  if (std::holds_alternative<MessageQuarantined>(event)) return Happening::message_noted;
  if (const auto* signal = std::get_if<SignalKept>(&event)) {
    if (signal->id) return Happening::signal_with_id;
  }
  if (const auto* ended = std::get_if<AttemptInterrupted>(&event)) {
    return ended->for_good ? Happening::ended_too_often : Happening::interrupted;
  }
  if (const auto* skipped = std::get_if<StepSkipped>(&event)) {
    if (skipped->error.code == "WHEN") return Happening::condition_false;
  }
  if (const auto* failed = std::get_if<StepFailed>(&event)) {
    if (failed->error.code == "SIGNAL_TIMEOUT") return Happening::signal_missed;
  }
  if (const auto* rejected = std::get_if<StepRejected>(&event)) {
    if (rejected->error.code == "CHILD_DEPTH") return Happening::depth_refused;
  }
  return std::nullopt;
}

bool is_undone_beside(const Saga& saga, const AttemptRef& attempt) {
  if (attempt.direction != Direction::compensate) return false;
  for (StepIndex i = 0; i < saga.steps.size(); ++i) {
    if (i != attempt.step && saga.steps[i].of(Direction::compensate).outstanding) return true;
  }
  return false;
}

}  // namespace

void Checker::note_happenings(const JournalAppend& append) {
  const Witness& witness = sagas_.at(append.saga);
  const Definition& definition = witness.path.definition();
  for (const Event& event : append.events) {
    if (const auto happening = happening_of(event)) happenings_.note(*happening);
    const auto* issued = std::get_if<CommandIssued>(&event);
    if (issued && is_undone_beside(witness.path.saga(), issued->attempt)) {
      happenings_.note(Happening::undone_beside);
    }
    const auto* done = std::get_if<StepSucceeded>(&event);
    if (!done || witness.path.is_forced(done->attempt.step)) continue;
    const AttemptRef& attempt = done->attempt;
    const Step& step = definition.steps[attempt.step];
    if (step.as<Sleep>()) happenings_.note(Happening::sleep_ended);
    if (step.as<Gather>()) happenings_.note(Happening::list_gathered);
    const bool earlier =
        attempt.direction == Direction::action && attempt.attempt > 0 &&
        attempt.attempt < witness.path.saga().steps[attempt.step].of(Direction::action).made;
    if (step.hedge && earlier) happenings_.note(Happening::hedge_overtaken);
  }
}

void Checker::finish(Store& store, bool counts_effects) {
  for (const auto& [key, id] : acknowledged_) {
    const auto summary = store.summary(id);
    findings_.expect(Invariant::I1, summary && (!key || summary->key == *key),
                     "{} was acknowledged and is not in the store", id.to_string());
  }
  for (const auto& [id, witness] : sagas_) {
    const Saga& saga = witness.path.saga();
    const bool explained = saga.status == Status::stuck && !saga.stuck->error.code.empty();
    findings_.expect(Invariant::I2, is_end(saga.status) || explained, "{} is still {}",
                     witness.path.name(), to_string(saga.status));
    findings_.expect(Invariant::I3, fold(store.journal(id)) == saga,
                     "{}: the stored journal folds to something else", witness.path.name());
    if (!counts_effects) continue;
    check_end(witness, sagas_, findings_);
  }
  family_.finish();
  const std::size_t kept = store.quarantine(0, SIZE_MAX).size();
  findings_.expect(Invariant::I10, kept >= forged_,
                   "{} unusable replies were receipted and {} are in quarantine", forged_, kept);
}

}  // namespace skald::testing
