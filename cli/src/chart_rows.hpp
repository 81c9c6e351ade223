// What the rows of a saga's chart say; where their bars lie is the chart's business.
#pragma once

#include <string>
#include <vector>

#include "attempts.hpp"
#include "output/style.hpp"
#include "saga_pages.hpp"

namespace skald::cli {

/// What a chart is drawn with.
struct Glyphs {
  const char *action, *undo, *resolve, *backoff, *standstill, *point, *rule, *shortened;
  const char *ok, *bad, *unsure, *open, *back;
};
inline constexpr Glyphs unicode_glyphs{"█", "▓", "▒", "·", "░", "◆", "─",
                                       "≈", "✓", "✗", "?", "…", "↩"};
inline constexpr Glyphs ascii_glyphs{"#", "=", "%", ".", ":", "*",   "-",
                                     "~", "+", "x", "?", "~", "undo"};

struct ChartRow {
  std::string label;
  std::string result;
  Style style = Style::plain;
  const Span* span = nullptr;     ///< Nothing for a step that was never run.
  const Span* backoff = nullptr;  ///< The wait before this attempt, if there was one.
};

/// A row per attempt, standstill and step that was not run. The rows point into `spans`.
[[nodiscard]] std::vector<ChartRow> chart_rows(const std::vector<Span>& spans,
                                               const FoldedSaga& folded, Time now,
                                               const Glyphs& glyphs);

}  // namespace skald::cli
