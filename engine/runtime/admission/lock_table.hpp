// Who holds and who waits for the locks of sagas that have not ended, in order of their start.
//
// A saga gets all its locks at once, as soon as no saga of another family that started before it
// and has not ended names one of them. The order is the same for every lock, so nobody waits in a
// circle, but for children: their locks come after those of their family, and one that would close
// a circle must not be started. Locks belong to the family of a root saga: parent and children do
// not shut each other out, and a lock is free when the root has ended and no child is left to
// itself. The table is memory only: the sagas in the store give it back.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "skald/decide.hpp"
#include "skald/saga.hpp"

namespace skald {

class LockTable {
 public:
  /// Puts the saga at the end of each of its lines, unless it is there already.
  void enter(const SagaId& saga, const SagaId& root, const std::vector<std::string>& locks);
  /// Whether the saga has come to the front of all its lines, or who is before it.
  [[nodiscard]] Admission::LockState state(const Saga& saga) const;
  /// The root of the family that a further saga of this family would wait for, if it named these
  /// locks, and that waits for this family in turn, be it through others. Nothing when there is
  /// none, or none among the entries that are looked at.
  [[nodiscard]] std::optional<SagaId> circle(const SagaId& root,
                                             const std::vector<std::string>& locks) const;
  /// Whether some saga of this family stands in a line.
  [[nodiscard]] bool knows(const SagaId& root) const { return of_root_.count(root) > 0; }
  /// Takes the whole family out, because it is over. Answers the sagas that are at the front of
  /// some line now and may get their locks.
  [[nodiscard]] std::vector<SagaId> leave(const SagaId& root);
  /// Takes one saga out that never came to be, because its start was not stored.
  void forget(const SagaId& saga);

 private:
  struct Entry {
    SagaId saga;
    SagaId root;
  };
  using Line = std::deque<Entry>;
  class Search;
  std::unordered_map<std::string, Line> lines_;
  std::unordered_map<SagaId, std::vector<std::string>> of_root_;
};

}  // namespace skald
