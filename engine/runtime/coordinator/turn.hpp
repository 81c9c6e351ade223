// One turn of the coordinator: what it has taken and decided, and what is owed once that is stored.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/arrivals.hpp"
#include "coordinator/live_sagas.hpp"
#include "skald/store.hpp"

namespace skald {

/// A turn is open while inputs are decided, then its batch is committed, then it is acted on. The
/// turns that exist at one time have no saga in common.
struct Turn {
  struct PendingEffect {
    SagaId saga;
    Effect effect;
    std::size_t append;  ///< Index of the journal row that asked for it.
  };
  struct OwedStart {
    Answer<Started> answer;
    Started started;
  };

  Batch batch;
  Position first = 0;  ///< Of its first journal row, once it is stored.
  std::vector<PendingEffect> effects;
  std::vector<SagaId> touched;
  std::vector<std::uint64_t> receipts;
  std::vector<OwedStart> starts;  ///< Started in this turn, or found by their keys.
  std::vector<std::function<void()>> answers;
  std::vector<std::function<void(const Refusal&)>> refusals;  ///< Instead, if it is not stored.
  std::map<BusinessKey, SagaId> keys;                         ///< Of the sagas that it starts.
  /// Attempts that it has ended: still under way if it is rolled back.
  std::vector<std::pair<SagaId, OutstandingAttempt>> ended;
  std::vector<Position> settled;  ///< They count once it is stored.
  std::vector<SagaId> placed;     ///< Were taken from those whose lines are not known.
  std::vector<SagaId> waking;     ///< Were woken because a lock came free.
  /// Kept for their replies, which are decided again if it is rolled back.
  std::vector<Portion> arrivals;
  std::size_t bytes = 0;  ///< Of the payloads in its batch.
  bool alone = false;     ///< Acting on it writes to the store, so nothing is committed meanwhile.

  /// Makes it the turn that comes next; its memory is used again.
  void clear();
  /// Adds what the turn after it holds; both are rolled back together.
  void absorb(Turn& later);
};

}  // namespace skald
