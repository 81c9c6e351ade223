#include "time_scale.hpp"

#include <algorithm>
#include <cmath>

#include "output/text.hpp"

namespace skald::cli {
namespace {

using Stretch = TimeScale::Stretch;

constexpr int columns_per_mark = 12;

double milliseconds(Duration d) { return static_cast<double>(d.count()); }

// The stretches in [begin, end] that no busy stretch covers.
std::vector<Stretch> gaps_between(Time begin, Time end, std::vector<Stretch> busy) {
  std::sort(busy.begin(), busy.end(),
            [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  std::vector<Stretch> gaps;
  Time covered = begin;
  for (const Stretch& stretch : busy) {
    if (stretch.begin > covered) gaps.push_back({covered, std::min(stretch.begin, end)});
    covered = std::max(covered, std::min(stretch.end, end));
  }
  if (covered < end) gaps.push_back({covered, end});
  return gaps;
}

}  // namespace

TimeScale::TimeScale(Time begin, Time end, const std::vector<Stretch>& busy, int columns)
    : begin_(begin), columns_(std::max(columns, 1)) {
  end = std::max(end, begin + Duration(1));
  const auto gaps = gaps_between(begin, end, busy);
  double idle = 0;
  for (const Stretch& gap : gaps) idle += milliseconds(gap.end - gap.begin);
  const double working = milliseconds(end - begin) - idle;
  // A gap may be drawn as long as all the work; with no work at all nothing is shortened.
  const double longest = working > 0 ? std::max(working, 1.0) : idle;

  const auto add = [&](Time from, Time to, double drawn) {
    if (to <= from) return;
    pieces_.push_back({total_, drawn, from, to - from});
    total_ += drawn;
  };
  Time at = begin;
  for (const Stretch& gap : gaps) {
    add(at, gap.begin, milliseconds(gap.begin - at));
    const double real = milliseconds(gap.end - gap.begin);
    if (real > longest) shortened_.push_back(gap);
    add(gap.begin, gap.end, std::min(real, longest));
    at = gap.end;
  }
  add(at, end, milliseconds(end - at));
}

double TimeScale::place(Time time) const {
  double drawn = 0;
  for (const Piece& piece : pieces_) {
    if (time < piece.begin) break;
    const double share = std::min(1.0, milliseconds(time - piece.begin) / milliseconds(piece.real));
    drawn = piece.at + share * piece.drawn;
  }
  return drawn / total_ * columns_;
}

int TimeScale::column(Time time) const {
  return std::clamp(static_cast<int>(std::floor(place(time))), 0, columns_ - 1);
}

int TimeScale::column_behind(Time begin, Time end) const {
  return std::clamp(static_cast<int>(std::floor(place(end))), column(begin) + 1, columns_);
}

Time TimeScale::time_at(int column) const {
  const double drawn = total_ * column / columns_;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (drawn < piece->at) continue;
    const double share = piece->drawn > 0 ? (drawn - piece->at) / piece->drawn : 0;
    return piece->begin + Duration(std::llround(share * milliseconds(piece->real)));
  }
  return begin_;
}

Duration TimeScale::tick() const {
  static constexpr long long round_numbers[] = {
      1,         2,         5,          10,         20,         50,         100,
      200,       500,       1'000,      2'000,      5'000,      10'000,     20'000,
      30'000,    60'000,    120'000,    300'000,    600'000,    1'200'000,  1'800'000,
      3'600'000, 7'200'000, 21'600'000, 43'200'000, 86'400'000, 604'800'000};
  const double wanted = total_ * columns_per_mark / columns_;
  for (const long long number : round_numbers) {
    if (static_cast<double>(number) >= wanted) return Duration(number);
  }
  return Duration(static_cast<long long>(std::ceil(wanted / 604'800'000)) * 604'800'000);
}

std::string TimeScale::axis() const {
  std::string line;
  std::size_t taken = 0;
  const auto mark = [&](int column, Duration time) {
    const auto at = static_cast<std::size_t>(column);
    if (taken > 0 && at < taken + 1) return;
    const std::string text = time.count() == 0 ? "0" : describe_duration(time);
    if (at + columns(text) > static_cast<std::size_t>(columns_)) return;
    line += std::string(at - taken, ' ') + text;
    taken = at + columns(text);
  };
  if (shortened_.empty()) {
    const Duration step = tick();
    const Duration whole(static_cast<long long>(total_));
    for (Duration time{0}; time <= whole; time += step) mark(column(begin_ + time), time);
  } else {
    for (int at = 0; at < columns_; at += columns_per_mark) mark(at, time_at(at) - begin_);
  }
  return line + std::string(static_cast<std::size_t>(columns_) - taken, ' ');
}

}  // namespace skald::cli
