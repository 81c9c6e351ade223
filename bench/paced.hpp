// Starts at a rate that does not wait for the engine: what callers see who come when they come.
//
// A closed loop hides waiting: while one operation takes long, none that would have met the same
// delay is begun. Here every start has the time at which it is due, and its latency counts from
// that, whenever it is really made.
#pragma once

#include "report.hpp"
#include "setting.hpp"

namespace skald::bench {

/// `rate` starts a second, with nobody to send to: until a start is acknowledged.
[[nodiscard]] Row paced_starts(const Setting& setting, double rate);
/// `rate` six-step sagas a second, empty handlers: from the due start to the end.
[[nodiscard]] Row paced_sagas(const Setting& setting, double rate);

/// Participants that take a millisecond for each command, eight at a time.
enum class Demand {
  normal,   ///< 60 % of what they can do.
  refused,  ///< Four times as much, and what would wait too long is refused.
  waiting,  ///< 64 callers who would rather wait for room than be refused.
};
[[nodiscard]] Row overload(const Setting& setting, Demand demand);

}  // namespace skald::bench
