// `skald timeline`: a saga as a chart of its attempts and waits.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct TimelineOptions {
  std::string id;
  int width = 0;  ///< 0: the terminal's.
  bool ascii = false;
  FormatOption format;
};

void add_to(CLI::App& app, TimelineOptions& options);
[[nodiscard]] int run(const TimelineOptions& options, Context& context);

}  // namespace skald::cli
