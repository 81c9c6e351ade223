// The sagas in memory and the timers of all sagas, in memory or not.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "saga/payload_trees.hpp"
#include "skald/decide.hpp"
#include "skald/participant_state.hpp"
#include "skald/store.hpp"

namespace skald {

/// What is due at a time: an attempt's timeout, or, without attempt, the saga itself.
struct Timer {
  Time at{};
  SagaId saga;
  std::optional<AttemptRef> attempt;
  friend auto operator<=>(const Timer&, const Timer&) = default;
};
/// In order of time, each once: a saga that comes back into memory finds the timer that it left.
using Timers = std::set<Timer>;

/// An attempt that is issued and not answered.
struct OutstandingAttempt {
  AttemptRef attempt;
  Position issued_at = 0;                 ///< 0 until the commit that issued it.
  bool confirmed = false;                 ///< The channel will not lose it.
  std::optional<Timers::iterator> timer;  ///< Armed when it was really sent.
  CommandClass command = CommandClass::first_try;
  std::uint64_t generation = 0;  ///< Of the participant's breaker, when it was issued.
  Duration timeout{0};           ///< From when it is sent.
  std::size_t body_bytes = 0;    ///< Once it is given to the channel.
};

[[nodiscard]] inline OutstandingAttempt* find_attempt(std::vector<OutstandingAttempt>& among,
                                                      const AttemptRef& attempt) {
  for (OutstandingAttempt& o : among) {
    if (o.attempt == attempt) return &o;
  }
  return nullptr;
}

/// A saga in memory.
struct LiveSaga {
  Saga saga;
  DefinitionPtr definition;
  std::vector<OutstandingAttempt> outstanding;
  std::optional<Timers::iterator> wake;
  bool dirty_summary = false;  ///< The summary row is to be written with that turn.
  bool touched = false;        ///< Changed in a turn that is open or being committed.
  bool committing = false;     ///< That turn is being committed.
  bool recent = false;         ///< Something has happened to it since make_room() came by.
  bool starved = false;        ///< Has something to issue that was not admitted: waits in a line.
  bool deferred = false;       ///< Has more to do than its turn allowed: goes on in the next.
  /// Not absent: its definition cannot be used, and `definition` stands in for it. Nothing is
  /// decided for it; an operator may abandon it.
  std::optional<std::string> problem{};
  std::size_t bytes = 0;               ///< Of its payloads, about.
  std::uint64_t snapshot_version = 0;  ///< Of its newest snapshot; 0: none.
  PayloadTrees trees{};                ///< Of large payloads.
  std::size_t tree_bytes = 0;          ///< Of the texts that these are trees of.

  [[nodiscard]] OutstandingAttempt* find(const AttemptRef& attempt) {
    return find_attempt(outstanding, attempt);
  }
};

/// What the end of an attempt by this input and its events says about the participant.
[[nodiscard]] CommandEnd end_of(const AttemptRef& attempt, const Input& input,
                                const std::vector<Event>& events);

/// Up to which position every issued command is settled: confirmed, or not outstanding any more.
class WatermarkTracker {
 public:
  /// Commands are tracked in order of position.
  void issued(Position position) { waiting_.push_back({position, false}); }
  void settled(Position position);
  /// Nothing at or before this position needs to be sent again. `last` is the journal's end.
  [[nodiscard]] Position value(Position last) const {
    return waiting_.empty() ? last : waiting_.front().position - 1;
  }

 private:
  struct Entry {
    Position position;
    bool settled;
  };
  std::deque<Entry> waiting_;
};

}  // namespace skald
