// A saga's life as a text Gantt chart: a row per attempt, wait and standstill.
#pragma once

#include <string>
#include <vector>

#include "output/style.hpp"
#include "saga_pages.hpp"
#include "skald/time.hpp"

namespace skald::cli {

struct ChartOptions {
  int width = 100;     ///< Columns in all.
  bool ascii = false;  ///< Draw with ASCII characters only.
};

/// The lines of the chart, each at most `width` columns and without line feeds.
[[nodiscard]] std::vector<std::string> draw_chart(const FoldedSaga& folded, Time now,
                                                  const Painter& paint,
                                                  const ChartOptions& options);

}  // namespace skald::cli
