// `skald pause`: a saga issues nothing new until it is resumed.
#pragma once

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct PauseOptions {
  ChangeOptions change;
};

void add_to(CLI::App& app, PauseOptions& options);
[[nodiscard]] int run(const PauseOptions& options, Context& context);

}  // namespace skald::cli
