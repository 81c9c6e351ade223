// The journal: one appended row per decision, holding all its events. It is the truth; a saga is
// what its rows fold to.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "skald/events.hpp"
#include "skald/saga.hpp"

namespace skald {

/// Order of journal rows over all sagas, from 1, without gaps and never reused.
using Position = std::int64_t;

struct JournalRow {
  Position position = 0;
  std::uint64_t version = 0;  ///< Per saga, from 1, without gaps.
  Time at{};
  std::vector<Event> events;
};

struct JournalAppend {
  SagaId saga;
  std::uint64_t version = 0;
  Time at{};
  std::vector<Event> events;
};

/// A saga as its rows left it at one version, so that a long journal need not be read from its
/// beginning. The journal is the truth: a snapshot can always be made anew.
struct SagaSnapshot {
  Saga saga;  ///< `saga.version` is the version of the snapshot.
  /// The attempts that are not answered (outstanding_attempts()), with the positions of the rows
  /// that issued them.
  std::vector<std::pair<AttemptRef, Position>> issued;
  std::vector<SagaId> children;  ///< As children_in(): of all rounds.
  friend bool operator==(const SagaSnapshot&, const SagaSnapshot&) = default;
};

/// The children that this saga was given, of all rounds.
[[nodiscard]] std::vector<SagaId> children_in(const std::vector<JournalRow>& rows);
/// Folds a journal to a saga; empty (default) when there are no rows. \throws StoreError (corrupt)
/// that names the saga when the rows make no sense: they do not begin with one start, leave out a
/// version, or name a step that the saga does not have.
[[nodiscard]] Saga fold(const std::vector<JournalRow>& rows);
/// Goes on from a snapshot with the rows after it. \throws StoreError (corrupt)
[[nodiscard]] Saga fold(Saga saga, const std::vector<JournalRow>& rows);
/// The snapshot at the end of a whole journal. \throws StoreError (corrupt)
[[nodiscard]] SagaSnapshot snapshot_of(const std::vector<JournalRow>& rows);

}  // namespace skald
