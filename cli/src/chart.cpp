#include "chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "attempts.hpp"
#include "output/text.hpp"
#include "time_scale.hpp"

namespace skald::cli {
namespace {

constexpr int label_columns_max = 30;
constexpr int result_columns_max = 36;
constexpr int lane_columns_min = 16;
constexpr int gap = 2;

struct Glyphs {
  const char *action, *undo, *resolve, *backoff, *standstill, *point, *rule, *shortened;
  const char *ok, *bad, *unsure, *open, *back;
};
constexpr Glyphs unicode{"█", "▓", "▒", "·", "░", "◆", "─", "≈", "✓", "✗", "?", "…", "↩"};
constexpr Glyphs ascii{"#", "=", "%", ".", ":", "*", "-", "~", "+", "x", "?", "~", "undo"};

struct Row {
  std::string label;
  std::string result;
  Style style = Style::plain;
  const Span* span = nullptr;     // Nothing for a step that was never run.
  const Span* backoff = nullptr;  // The wait before this attempt.
};

class Chart {
 public:
  Chart(const FoldedSaga& folded, Time now, const ChartOptions& options)
      : folded_(folded), now_(now), glyphs_(options.ascii ? ascii : unicode) {
    spans_ = spans_of(folded.rows);
    make_rows();
    begin_ = folded.saga.started_at;
    end_ = folded.saga.ended_at.value_or(std::max(now, folded.saga.updated_at));
    int results = 0;
    for (const Row& row : rows_) {
      labels_ = std::max(labels_, static_cast<int>(columns(row.label)));
      results = std::max(results, static_cast<int>(columns(row.result)));
    }
    labels_ = std::min(labels_, label_columns_max);
    results_ = std::min(results, result_columns_max);
    lane_ = std::max(options.width - labels_ - results_ - 2 * gap, lane_columns_min);
  }

  [[nodiscard]] std::vector<std::string> draw(const Painter& paint) const;

 private:
  void make_rows();
  [[nodiscard]] std::string step_name(StepIndex step) const;
  [[nodiscard]] std::string label_of(const Span& span) const;
  [[nodiscard]] Row row_of(const Span& span) const;
  [[nodiscard]] std::string length_of(const Span& span) const;
  void describe_attempt(const Span& span, Row& row) const;
  [[nodiscard]] std::string lane_of(const Row& row, const TimeScale& scale,
                                    const Painter& paint) const;
  [[nodiscard]] std::string title(const Painter& paint) const;

  const FoldedSaga& folded_;
  Time now_;
  const Glyphs& glyphs_;
  std::vector<Span> spans_;
  std::vector<Row> rows_;
  Time begin_{};
  Time end_{};
  int labels_ = 0;
  int results_ = 0;
  int lane_ = 0;
};

std::string Chart::step_name(StepIndex step) const {
  if (step >= folded_.definition->steps.size()) return "saga";
  return folded_.definition->steps[step].name;
}

std::string Chart::label_of(const Span& span) const {
  switch (span.kind) {
    case Span::Kind::stuck: return "stuck";
    case Span::Kind::paused: return "paused";
    case Span::Kind::carried:
    case Span::Kind::decided:
    case Span::Kind::backoff:
    case Span::Kind::attempt: break;
  }
  std::string label = step_name(span.attempt.step);
  if (span.attempt.direction == Direction::compensate) {
    label = fmt::format("{} {}", glyphs_.back, label);
  } else if (span.attempt.direction == Direction::resolve) {
    label = fmt::format("? {}", label);
  }
  if (span.attempt.attempt > 1) label += fmt::format(" #{}", span.attempt.attempt);
  return label;
}

std::string Chart::length_of(const Span& span) const {
  return describe_duration(span.end.value_or(std::max(now_, span.begin)) - span.begin);
}

void Chart::describe_attempt(const Span& span, Row& row) const {
  const std::string length = length_of(span);
  const bool undo = span.attempt.direction == Direction::compensate;
  switch (span.ended) {
    case Span::End::succeeded:
      row.result = fmt::format("{} {}{}", glyphs_.ok, undo ? "undone " : "", length);
      row.style = undo ? Style::turning : Style::good;
      return;
    case Span::End::rejected:
      row.result = fmt::format("{} rejected {}", glyphs_.bad, span.error.code);
      row.style = Style::bad;
      return;
    case Span::End::failed:
      row.result = fmt::format("{} failed {}", glyphs_.bad, span.error.code);
      row.style = Style::bad;
      return;
    case Span::End::unanswered:
      row.result = span.error.code == "TIMEOUT"
                       ? fmt::format("{} no answer in {}", glyphs_.unsure, length)
                       : fmt::format("{} unknown {}", glyphs_.unsure, span.error.code);
      row.style = Style::bad;
      return;
    case Span::End::withdrawn:
      row.result = "given up after " + length;
      row.style = Style::dim;
      return;
    case Span::End::open:
    case Span::End::waited:
      row.result = fmt::format("{} under way for {}", glyphs_.open, length);
      row.style = Style::busy;
      return;
  }
}

Row Chart::row_of(const Span& span) const {
  Row row;
  row.label = label_of(span);
  row.span = &span;
  switch (span.kind) {
    case Span::Kind::attempt: describe_attempt(span, row); break;
    case Span::Kind::backoff:
      row.result = span.end ? "waited " + length_of(span)
                            : "next attempt " + relative_time(span.due.value_or(now_), now_);
      row.style = Style::busy;
      break;
    case Span::Kind::stuck:
      row.result = fmt::format("{}{} {}", span.end ? "" : "for ", length_of(span), span.error.code);
      row.style = Style::bad;
      break;
    case Span::Kind::paused:
      row.result = (span.end ? "" : "for ") + length_of(span);
      row.style = Style::turning;
      break;
    case Span::Kind::carried:
      row.result = "output taken over";
      row.style = Style::dim;
      break;
    case Span::Kind::decided:
      row.result = fmt::format("operator: {}", span.error.code);
      row.style = Style::turning;
      break;
  }
  return row;
}

void Chart::make_rows() {
  std::set<StepIndex> seen;
  const Span* backoff = nullptr;
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    const Span& span = spans_[i];
    seen.insert(span.attempt.step);
    if (span.kind == Span::Kind::backoff && span.end) {
      backoff = &span;
      continue;
    }
    Row row = row_of(span);
    if (span.kind == Span::Kind::attempt && backoff != nullptr &&
        backoff->attempt.step == span.attempt.step) {
      row.backoff = backoff;
      backoff = nullptr;
    }
    rows_.push_back(std::move(row));
  }
  for (StepIndex step = 0; step < folded_.definition->steps.size(); ++step) {
    if (seen.contains(step) || step >= folded_.saga.steps.size()) continue;
    Row row;
    row.label = step_name(step);
    const StepStatus status = folded_.saga.steps[step].status;
    row.result = status == StepStatus::cancelled ? "not run" : to_string(status);
    row.style = Style::dim;
    rows_.push_back(std::move(row));
  }
}

std::string Chart::lane_of(const Row& row, const TimeScale& scale, const Painter& paint) const {
  std::string lane;
  int taken = 0;
  const auto stretch = [&](const Span& span, const char* glyph, Style style) {
    const int from = std::max(scale.column(span.begin), taken);
    const int to = std::max(scale.column(span.end.value_or(end_)), from);
    lane += std::string(static_cast<std::size_t>(from - taken), ' ');
    std::string bar;
    for (int i = from; i <= to; ++i) bar += glyph;
    lane += paint(style, bar);
    taken = to + 1;
  };
  if (row.backoff != nullptr && row.span != nullptr &&
      scale.column(row.backoff->begin) < scale.column(row.span->begin)) {
    Span shown = *row.backoff;
    shown.end = scale.time_at(scale.column(row.span->begin)) - Duration(1);
    stretch(shown, glyphs_.backoff, Style::dim);
  }
  if (row.span != nullptr && taken < lane_) {
    const char* glyph = glyphs_.point;
    if (row.span->kind == Span::Kind::backoff) glyph = glyphs_.backoff;
    if (row.span->kind == Span::Kind::stuck) glyph = glyphs_.standstill;
    if (row.span->kind == Span::Kind::paused) glyph = glyphs_.standstill;
    if (row.span->kind == Span::Kind::attempt) {
      constexpr const char* Glyphs::*by_direction[] = {&Glyphs::action, &Glyphs::undo,
                                                       &Glyphs::resolve};
      glyph = glyphs_.*by_direction[static_cast<std::size_t>(row.span->attempt.direction)];
    }
    stretch(*row.span, glyph, row.style);
  }
  lane += std::string(static_cast<std::size_t>(std::max(lane_ - taken, 0)), ' ');
  return lane;
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
  for (const Row& row : rows_) {
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
