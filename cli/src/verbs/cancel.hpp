// `skald cancel`: turns a saga back.
#pragma once

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct CancelOptions {
  ChangeOptions change;
};

void add_to(CLI::App& app, CancelOptions& options);
[[nodiscard]] int run(const CancelOptions& options, Context& context);

}  // namespace skald::cli
