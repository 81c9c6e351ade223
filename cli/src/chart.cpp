#include "chart.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "attempts.hpp"
#include "chart_rows.hpp"
#include "output/text.hpp"
#include "time_scale.hpp"

namespace skald::cli {
namespace {

constexpr int label_columns_max = 30;
constexpr int result_columns_max = 36;
constexpr int lane_columns_min = 16;
constexpr int gap = 2;

class Chart {
 public:
  Chart(const FoldedSaga& folded, Time now, const ChartOptions& options)
      : folded_(folded), glyphs_(options.ascii ? ascii_glyphs : unicode_glyphs) {
    spans_ = spans_of(*folded.definition, folded.rows);
    rows_ = chart_rows(spans_, folded, now, glyphs_);
    begin_ = folded.saga.started_at;
    end_ = folded.saga.ended_at.value_or(std::max(now, folded.saga.updated_at));
    int results = 0;
    for (const ChartRow& row : rows_) {
      labels_ = std::max(labels_, static_cast<int>(columns(row.label)));
      results = std::max(results, static_cast<int>(columns(row.result)));
    }
    labels_ = std::min(labels_, label_columns_max);
    results_ = std::min(results, result_columns_max);
    lane_ = std::max(options.width - labels_ - results_ - 2 * gap, lane_columns_min);
  }

  [[nodiscard]] std::vector<std::string> draw(const Painter& paint) const;

 private:
  [[nodiscard]] std::string lane_of(const ChartRow& row, const TimeScale& scale,
                                    const Painter& paint) const;
  [[nodiscard]] std::string title(const Painter& paint) const;
  [[nodiscard]] const char* glyph_of(const Span& span) const;

  const FoldedSaga& folded_;
  const Glyphs& glyphs_;
  std::vector<Span> spans_;
  std::vector<ChartRow> rows_;
  Time begin_{};
  Time end_{};
  int labels_ = 0;
  int results_ = 0;
  int lane_ = 0;
};

std::string Chart::lane_of(const ChartRow& row, const TimeScale& scale,
                           const Painter& paint) const {
  std::string lane;
  int taken = 0;
  const auto stretch = [&](const Span& span, const char* glyph, Style style) {
    const int from = std::max(scale.column(span.begin), taken);
    const int behind = std::max(scale.column_behind(span.begin, span.end.value_or(end_)), from + 1);
    lane += std::string(static_cast<std::size_t>(from - taken), ' ');
    std::string bar;
    for (int i = from; i < behind; ++i) bar += glyph;
    lane += paint(style, bar);
    taken = behind;
  };
  if (row.backoff != nullptr && row.span != nullptr &&
      scale.column(row.backoff->begin) < scale.column(row.span->begin)) {
    stretch(*row.backoff, glyphs_.backoff, Style::dim);
  }
  if (row.span != nullptr && taken < lane_) {
    stretch(*row.span, glyph_of(*row.span), row.style);
  }
  lane += std::string(static_cast<std::size_t>(std::max(lane_ - taken, 0)), ' ');
  return lane;
}

const char* Chart::glyph_of(const Span& span) const {
  constexpr const char* Glyphs::*by_direction[] = {&Glyphs::action, &Glyphs::undo,
                                                   &Glyphs::resolve};
  switch (span.kind) {
    case Span::Kind::attempt:
    case Span::Kind::child:
      return glyphs_.*by_direction[static_cast<std::size_t>(span.attempt.direction)];
    case Span::Kind::backoff: return glyphs_.backoff;
    case Span::Kind::stuck:
    case Span::Kind::paused:
    case Span::Kind::sleep:
    case Span::Kind::signal:
    case Span::Kind::lock:
    case Span::Kind::held: return glyphs_.standstill;
    case Span::Kind::carried:
    case Span::Kind::decided: break;
  }
  return glyphs_.point;
}

std::string Chart::title(const Painter& paint) const {
  const Saga& saga = folded_.saga;
  const std::string status = to_string(saga.status);
  std::string title = paint(Style::bold, printable(saga.type)) + "  " + saga.id.to_string() + "  " +
                      paint(style_of_status(status), status);
  if (saga.paused) title += paint(Style::turning, " paused");
  if (saga.forced) title += paint(Style::turning, " forced");
  title += fmt::format(" {} {}", saga.ended_at ? "after" : "for", describe_duration(end_ - begin_));
  if (saga.key) title += paint(Style::dim, "  key " + printable(*saga.key));
  return title;
}

std::vector<std::string> Chart::draw(const Painter& paint) const {
  std::vector<TimeScale::Stretch> busy;
  for (const Span& span : spans_) {
    if (span.kind != Span::Kind::attempt) continue;
    busy.push_back({span.begin, std::max(span.end.value_or(end_), span.begin + Duration(1))});
  }
  const TimeScale scale(begin_, end_, busy, lane_);
  const auto label_width = static_cast<std::size_t>(labels_);
  const std::string margin(label_width + gap, ' ');

  std::vector<std::string> lines{title(paint)};
  std::string axis = margin + scale.axis();
  axis.erase(axis.find_last_not_of(' ') + 1);
  lines.push_back(paint(Style::dim, axis));
  std::vector<bool> squeezed(static_cast<std::size_t>(lane_), false);
  for (const auto& stretch : scale.shortened()) {
    for (int i = scale.column(stretch.begin) + 1; i < scale.column(stretch.end); ++i) {
      squeezed[static_cast<std::size_t>(i)] = true;
    }
  }
  std::string rule;
  for (const bool s : squeezed) rule += s ? glyphs_.shortened : glyphs_.rule;
  lines.push_back(margin + paint(Style::dim, rule));
  for (const ChartRow& row : rows_) {
    const std::string label = padded(cut(printable(row.label), label_width), label_width);
    const std::string result =
        cut(printable(row.result), static_cast<std::size_t>(result_columns_max));
    lines.push_back(label + std::string(gap, ' ') + lane_of(row, scale, paint) +
                    std::string(gap, ' ') + paint(row.style, result));
  }
  if (!scale.shortened().empty()) {
    lines.push_back(
        margin + paint(Style::dim, fmt::format("{} drawn shorter than it was", glyphs_.shortened)));
  }
  return lines;
}

}  // namespace

std::vector<std::string> draw_chart(const FoldedSaga& folded, Time now, const Painter& paint,
                                    const ChartOptions& options) {
  return Chart(folded, now, options).draw(paint);
}

}  // namespace skald::cli
