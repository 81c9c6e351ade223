// The attempts and waits of a saga, read off its journal: what `timeline` draws.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "skald/definition.hpp"
#include "skald/store.hpp"

namespace skald::cli {

/// A stretch of a saga's life.
struct Span {
  enum class Kind {
    attempt,  ///< A command, from its issue to its answer.
    backoff,  ///< Between two attempts.
    stuck,    ///< Waiting for an operator.
    paused,
    sleep,    ///< A step that waits for time.
    signal,   ///< A step that waits for a signal.
    child,    ///< A step or its undo that a child saga carries out.
    lock,     ///< The saga waits for its locks.
    held,     ///< Ready and not issued: by a policy, for lack of room, or because no engine ran.
    carried,  ///< No time at all: an output taken over from another saga.
    decided,  ///< No time at all: an operator said what happened.
  };
  enum class End { open, succeeded, rejected, failed, unanswered, waited, withdrawn };

  Kind kind = Kind::attempt;
  AttemptRef attempt;  ///< Of attempts; of the others the step and direction they concern.
  Time begin{};
  std::optional<Time> end;  ///< Nothing while it lasts.
  End ended = End::open;
  ErrorInfo error;          ///< Why it did not succeed, or what the wait is for.
  std::optional<Time> due;  ///< Of an open back-off.
};

/// In order of begin. `rows` is a whole journal, `definition` that of the saga with its `for_each`
/// expanded.
[[nodiscard]] std::vector<Span> spans_of(const Definition& definition,
                                         const std::vector<JournalRow>& rows);

}  // namespace skald::cli
