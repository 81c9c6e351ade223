// `skald retry`: the attempt that waits is made now.
#pragma once

#include <string>

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct RetryOptions {
  ChangeOptions change;
  std::string step;
};

void add_to(CLI::App& app, RetryOptions& options);
[[nodiscard]] int run(const RetryOptions& options, Context& context);

}  // namespace skald::cli
