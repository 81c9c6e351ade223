#include "lock_watch.hpp"

#include <algorithm>

namespace skald::testing {

void LockWatch::after_row(const Witness& of, const JournalAppend& row) {
  const Saga& saga = of.path.saga();
  for (const Event& event : row.events) {
    if (std::holds_alternative<LocksAwaited>(event)) happenings_.note(Happening::locks_awaited);
    if (!std::holds_alternative<LocksGranted>(event)) continue;
    happenings_.note(Happening::locks_granted);
    for (const std::string& name : saga.locks) {
      const auto holder = holders_.find(name);
      const bool free =
          holder == holders_.end() || holder->second == saga.root || is_over(holder->second);
      findings_.expect(Invariant::I8, free, "{} was given the lock {}, which {} holds",
                       of.path.name(), name, free ? "nobody" : holder->second.to_string());
      holders_[name] = saga.root;
    }
  }
}

bool LockWatch::is_over(const SagaId& root) const {
  return std::none_of(sagas_.begin(), sagas_.end(), [&root](const auto& entry) {
    const Saga& saga = entry.second.path.saga();
    return saga.root == root && !is_end(saga.status);
  });
}

}  // namespace skald::testing
