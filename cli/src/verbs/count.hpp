// `skald count`: how many sagas match a filter.
#pragma once

#include "filter_options.hpp"
#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct CountOptions {
  FilterOptions filter;
  FormatOption format;
};

void add_to(CLI::App& app, CountOptions& options);
[[nodiscard]] int run(const CountOptions& options, Context& context);

}  // namespace skald::cli
