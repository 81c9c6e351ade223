// From times to columns. Long stretches in which nothing was under way are drawn shorter than
// they were, or a night's wait for an operator would squeeze everything else into one column.
#pragma once

#include <string>
#include <vector>

#include "skald/time.hpp"

namespace skald::cli {

class TimeScale {
 public:
  struct Stretch {
    Time begin{};
    Time end{};
  };

  /// Maps [begin, end] onto `columns` columns; `busy` are the stretches that keep their length.
  TimeScale(Time begin, Time end, const std::vector<Stretch>& busy, int columns);

  /// From 0 to columns - 1.
  [[nodiscard]] int column(Time time) const;
  /// The column behind the last one of a bar from `begin` to `end`; every bar has one at least.
  [[nodiscard]] int column_behind(Time begin, Time end) const;
  /// The time at the left edge of a column.
  [[nodiscard]] Time time_at(int column) const;
  /// Stretches that are drawn shorter than they were.
  [[nodiscard]] const std::vector<Stretch>& shortened() const { return shortened_; }
  /// A line of marks such as `0s      1s      2s`, as wide as the scale.
  [[nodiscard]] std::string axis() const;

 private:
  struct Piece {
    double at = 0;     ///< Where it begins, in drawn milliseconds.
    double drawn = 0;  ///< How long it is drawn.
    Time begin{};
    Duration real{0};
  };

  [[nodiscard]] Duration tick() const;
  /// In columns, with fractions.
  [[nodiscard]] double place(Time time) const;

  Time begin_;
  int columns_;
  double total_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Stretch> shortened_;
};

}  // namespace skald::cli
