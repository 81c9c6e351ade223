#include "skald/rolling_window.hpp"

#include <algorithm>

namespace skald {
namespace {

constexpr std::int64_t slices_per_length = 10;

std::int64_t slice_number(Duration slice, Time time) {
  return std::chrono::floor<Duration>(time.time_since_epoch()).count() / slice.count();
}

}  // namespace

Duration RollingWindow::slice_of(Duration length) {
  // Rounded up, so that ten of them are never shorter than the whole.
  return Duration((length.count() + slices_per_length - 1) / slices_per_length);
}

RollingWindow RollingWindow::at(Duration length, Time now) const {
  const Duration wanted = slice_of(length);
  RollingWindow window = *this;
  if (slice != wanted) {
    window = {};
    window.slice = wanted;
    window.newest = slice_number(wanted, now);
    return window;
  }
  const std::int64_t number = slice_number(wanted, now);
  const std::int64_t passed = std::clamp<std::int64_t>(number - newest, 0, slice_count);
  window.newest = number;
  std::shift_right(window.counts.begin(), window.counts.end(), passed);
  std::fill_n(window.counts.begin(), passed, Counts{});
  return window;
}

RollingWindow RollingWindow::plus(Duration length, Counts added, Time now) const {
  RollingWindow window = at(length, now);
  window.counts.front().a += added.a;
  window.counts.front().b += added.b;
  return window;
}

RollingWindow::Counts RollingWindow::sum() const {
  Counts sum;
  for (const Counts& c : counts) {
    sum.a += c.a;
    sum.b += c.b;
  }
  return sum;
}

Time RollingWindow::next_slice() const { return Time{slice * (newest + 1)}; }

}  // namespace skald
