// Where a participant stands with its policies, and the policies taken together: pure arithmetic
// over values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "skald/participant_policies.hpp"

namespace skald {

/// How the participant's last attempt that said something ended.
struct LastAnswer {
  Time at{};
  std::string error_code;  ///< Empty: it was `success`.
  friend bool operator==(const LastAnswer&, const LastAnswer&) = default;
};

/// What an operator has done to the participant's breaker last.
struct BreakerOrder {
  Time at{};
  BreakerPhase phase = BreakerPhase::closed;
  std::optional<Time> until;  ///< Absent: it goes on by itself from there.
  std::string by;
  std::string reason;
  friend bool operator==(const BreakerOrder&, const BreakerOrder&) = default;
};

struct ParticipantState {
  BreakerState breaker;
  BulkheadState bulkhead;  ///< Not stored: it follows from what is outstanding.
  RateLimitState rate_limit;
  RetryBudgetState retry_budget;
  std::optional<LastAnswer> last_answer;
  std::optional<LastAnswer> last_error;  ///< The last one that had an error code.
  std::optional<BreakerOrder> order;
  std::uint64_t unusable = 0;  ///< Messages of it that went into quarantine.
  friend bool operator==(const ParticipantState&, const ParticipantState&) = default;
};

/// Why a command is not issued now.
struct Hold {
  const char* policy = "";    ///< The key of the outermost policy that refuses: `breaker`, …
  std::optional<Time> until;  ///< When all admit again by themselves; absent: an end is awaited.
};

/// The outermost policy that refuses, or nothing when all of them admit.
[[nodiscard]] std::optional<Hold> held(const ParticipantPolicies& policies,
                                       const ParticipantState& state, CommandClass command,
                                       Time now);

/// The end of a command, as its participant's policies see it.
struct CommandEnd {
  CommandClass command = CommandClass::first_try;
  std::uint64_t generation = 0;  ///< The breaker's, when the command was issued.
  LifeSign sign = LifeSign::none;
  std::string error_code;
  std::optional<Duration> retry_after;
};

[[nodiscard]] ParticipantState after_issue(const ParticipantPolicies& policies,
                                           ParticipantState state, CommandClass command, Time now);
[[nodiscard]] ParticipantState after_end(const ParticipantPolicies& policies,
                                         ParticipantState state, const CommandEnd& end, Time now);
/// Remembers how an attempt ended, if that says something.
void note_answer(ParticipantState& state, const CommandEnd& end, Time now);
/// After a restart: probes that were under way are nobody's any more, and nothing is in flight
/// until it is counted anew.
[[nodiscard]] ParticipantState after_restart(const ParticipantPolicies& policies,
                                             ParticipantState state, Time now);

/// True when a restart must find `b` in the store and not `a`. Counts that a restart may lose
/// without letting more through than is stated are no reason to write.
[[nodiscard]] bool worth_storing(const ParticipantState& a, const ParticipantState& b);

/// The stored form: JSON, versioned.
[[nodiscard]] std::string encode_state(const ParticipantState& state);
/// Nothing on any text that encode_state() could not have written.
[[nodiscard]] std::optional<ParticipantState> decode_state(std::string_view text);

}  // namespace skald
