// Counts of the recent past, as pure arithmetic: ten slices and the one under way.
#pragma once

#include <array>
#include <cstdint>

#include "skald/time.hpp"

namespace skald {

/// Two counts over the last `length`, forgotten a tenth of it at a time. What is counted reaches
/// back at least `length` and at most 1.1 times as far.
class RollingWindow {
 public:
  static constexpr std::size_t slice_count = 11;
  struct Counts {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };

  /// The duration of one slice of a window of this length.
  [[nodiscard]] static Duration slice_of(Duration length);

  /// The window as of `now`: what is too old is gone. A clock that went back takes the counts
  /// along, so that they are forgotten as soon as if it had not. Another length begins anew.
  [[nodiscard]] RollingWindow at(Duration length, Time now) const;
  [[nodiscard]] RollingWindow plus(Duration length, Counts counts, Time now) const;
  [[nodiscard]] Counts sum() const;
  /// When the next slice begins, in which less may be counted.
  [[nodiscard]] Time next_slice() const;

  // Public for the codec of stored states only.
  Duration slice{0};                       ///< 0: nothing was counted yet.
  std::int64_t newest = 0;                 ///< Number of the slice under way, from the epoch.
  std::array<Counts, slice_count> counts;  ///< The newest first.
  friend bool operator==(const RollingWindow&, const RollingWindow&) = default;
};

}  // namespace skald
