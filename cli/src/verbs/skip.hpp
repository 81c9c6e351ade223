// `skald skip`: an operator says what happened to a step.
#pragma once

#include <string>

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct SkipOptions {
  ChangeOptions change;
  std::string step;
  std::string as;
  std::string output;
};

void add_to(CLI::App& app, SkipOptions& options);
[[nodiscard]] int run(const SkipOptions& options, Context& context);

}  // namespace skald::cli
