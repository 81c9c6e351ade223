// `skald abandon`: an operator closes a saga; effects may remain.
#pragma once

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct AbandonOptions {
  ChangeOptions change;
};

void add_to(CLI::App& app, AbandonOptions& options);
[[nodiscard]] int run(const AbandonOptions& options, Context& context);

}  // namespace skald::cli
