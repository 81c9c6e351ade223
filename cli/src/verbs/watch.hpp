// `skald watch`: a live view of one saga or of all that are under way.
#pragma once

#include <string>

#include "filter_options.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct WatchOptions {
  std::string id;  ///< Empty: all that have not ended.
  FilterOptions filter;
  std::string interval = "500ms";
};

void add_to(CLI::App& app, WatchOptions& options);
[[nodiscard]] int run(const WatchOptions& options, Context& context);

}  // namespace skald::cli
