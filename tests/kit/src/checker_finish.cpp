// What is looked at when all is quiet: every saga, and the store beside it.
#include "checker.hpp"
#include "saga_end.hpp"

namespace skald::testing {

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
    check_end(witness, findings_);
  }
  const std::size_t kept = store.quarantine(0, SIZE_MAX).size();
  findings_.expect(Invariant::I10, kept >= forged_,
                   "{} unusable replies were receipted and {} are in quarantine", forged_, kept);
}

}  // namespace skald::testing
