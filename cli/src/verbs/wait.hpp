// `skald wait`: blocks until a saga ends or is stuck.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct WaitOptions {
  std::string id;
  std::string timeout;  ///< A duration; empty: for ever.
  FormatOption format;
};

void add_to(CLI::App& app, WaitOptions& options);
[[nodiscard]] int run(const WaitOptions& options, Context& context);

}  // namespace skald::cli
