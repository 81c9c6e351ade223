// The rules for participants of docs/wire.md, as a function without I/O.
//
// A participant keeps one record per idempotency key. judge() is given the records that a command
// touches and says whether to answer at once, to conclude without an effect, or to proceed to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "skald/ids.hpp"
#include "skald/outcome.hpp"

namespace skald::barrier {

enum class RecordState : std::uint8_t {
  working,   ///< Claimed. Alive until `lease_until`, after that it may have happened.
  success,   ///< Holds for ever.
  rejected,  ///< Binds its own round.
  barred,    ///< An action that must not take effect any more, in any round.
  failed,    ///< No effect so far. Binds the attempt that was answered so and those before it.
};
inline constexpr int record_state_count = 5;
[[nodiscard]] const char* to_string(RecordState state);
[[nodiscard]] std::optional<RecordState> parse_record_state(std::string_view text);

/// What is kept under one key.
struct Record {
  RecordState state = RecordState::working;
  std::uint32_t round = 1;
  std::uint32_t attempt = 0;  ///< Of `failed`: the highest that was answered so.
  JsonText output;            ///< Of `success`.
  ErrorInfo error;            ///< Of `rejected` and `failed`.
  std::string owner;          ///< Of `working`: who claimed it.
  Time lease_until{};         ///< Of `working`.
  /// An earlier run under this key was lost or ended `unknown`: it may have had its effect, and no
  /// compensation has succeeded since. Of `working` and `barred`.
  bool doubtful = false;
};

struct Request {
  Direction direction = Direction::action;
  std::uint32_t round = 1;
  std::uint32_t attempt = 1;
  bool can_ask = false;  ///< Of `resolve`: the participant can find out what a lost run did.
};

/// Reply so; nothing changes.
struct Answer {
  Outcome outcome;
};
/// Reply so, without effect; bar the action, and remember a compensation's success.
struct Conclude {
  Outcome outcome;
};
/// Claim the key and run the effect. `output` is what the action answered, if it is known.
struct Proceed {
  std::optional<JsonText> output;
  bool bar_action =
      false;  ///< Should it succeed: the action is in doubt and must not come after it.
};
using Verdict = std::variant<Answer, Conclude, Proceed>;

/// `own` is the record under the command's key, `action` the one under its step's action; for an
/// action the two are the same and only `own` is looked at.
[[nodiscard]] Verdict judge(const Request& request, const std::optional<Record>& own,
                            const std::optional<Record>& action, Time now);

}  // namespace skald::barrier
