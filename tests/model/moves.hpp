// What can be told to a saga, small enough to be a key, and what an input is called in the report.
#pragma once

#include <cstdint>

#include "skald/decide.hpp"

namespace skald::model {

/// In the order of the Input variant.
enum class Asked : std::uint8_t {
  start,
  reply,
  timeout,
  process_ended,
  wake,
  resume,
  retry,
  skip,
  cancel,
  pause,
  abandon,
  replay,
  signal,
  message_unusable,
  key_wanted,
  child_ended,
  parent_turned_back,
};

/// What a participant answers. The first five are the outcomes of the wire format.
enum class Said : std::uint8_t { success, rejected, failed, unknown, pending, dead };
inline constexpr int said_count = 6;

/// How late the saga is woken.
enum class WokenAt : std::uint8_t {
  now,       ///< Time stands still.
  due,       ///< When the saga wants to be woken; if it does not want to, an hour later.
  deadline,  ///< At its deadline.
  later,     ///< An hour later, due or not.
};

struct Move {
  Asked asked = Asked::wake;
  std::uint8_t step = 0;
  Direction direction = Direction::action;
  std::uint8_t attempt = 0;
  /// Of a reply Said, of an end of the process whether for good, of a wake WokenAt, of a skip
  /// SkipRequested::As, of a replay whether forced, of a signal whether nobody waits for it, of a
  /// child's end its Status.
  std::uint8_t detail = 0;
  bool has_room = true;  ///< Commands are admitted, and the locks are free.

  [[nodiscard]] std::uint32_t key() const;
};

/// What a saga meets, as the coverage calls it.
enum class Met : std::uint8_t {
  start,
  success,
  rejected,
  failed,
  unknown,
  pending,
  dead,
  late_success,
  late_rejected,
  late_failed,
  late_unknown,
  late_pending,
  late_dead,
  forged,
  timeout,
  late_timeout,
  process_ended,
  process_ended_for_good,
  late_process_ended,
  wake,
  wake_later,
  wake_after_deadline,
  resume,
  retry,
  skip,
  skip_as_succeeded,
  skip_as_rejected,
  skip_as_compensated,
  cancel,
  pause,
  abandon,
  replay,
  forced_replay,
  signal,
  unknown_signal,
  message_unusable,
  key_wanted,
  child_completed,
  child_compensated,
  child_abandoned,
  no_such_child,
  parent_turned_back,
};
inline constexpr std::size_t met_count = 42;
[[nodiscard]] const char* to_string(Met met);

/// The same for the model and for the table of the spec scripts. `elapsed`: since the saga came
/// into its present phase.
[[nodiscard]] Met met_by(const Definition& definition, const Saga& saga, const Input& input,
                         Time now, Duration elapsed);

[[nodiscard]] Outcome outcome_of(Said said);
/// When the saga hears of it, by its clock.
[[nodiscard]] Time time_of(const Move& move, const Definition& definition, const Saga& saga,
                           Time now);
/// The input; `saga` is told it. Not for `start`.
[[nodiscard]] Input input_of(const Move& move, const Definition& definition, const Saga& saga);

}  // namespace skald::model
