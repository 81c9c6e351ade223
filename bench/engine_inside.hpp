// The engine with participants in its own process.
#pragma once

#include "setting.hpp"
#include "skald/channel.hpp"

namespace skald::bench {

/// Who starts the next saga of a closed loop.
enum class Starter {
  the_end,  ///< The end of another, on the spot and without waiting: start_async().
  keyed,    ///< The same, and each saga has a business key of its own.
  callers,  ///< One of many threads, each of which waits for its start: start().
};

/// Sagas of `steps` steps in a closed loop, always `in_flight` of them under way.
[[nodiscard]] Row engine_inside(const Setting& setting, int steps, int in_flight,
                                Starter starter = Starter::the_end);
/// The same with sagas that are refused at their last step, and undo all others.
[[nodiscard]] Row engine_undoing(const Setting& setting, int steps, int in_flight);
/// One saga at a time, from start() to its end.
[[nodiscard]] Row engine_alone(const Setting& setting, int steps);
/// start() by `callers` threads, nothing else: the steps find no participant yet. With or without a
/// business key for each saga.
[[nodiscard]] Row durable_starts(const Setting& setting, int callers, bool keyed);

/// One repetition of the closed loop over any channel.
[[nodiscard]] Sample closed_loop(const Setting& setting, Channel& channel, int steps, int in_flight,
                                 Starter starter = Starter::the_end);
/// One repetition of a saga at a time over any channel.
[[nodiscard]] Sample one_at_a_time(const Setting& setting, Channel& channel, int steps);

}  // namespace skald::bench
