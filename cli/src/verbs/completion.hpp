// `skald completion`: completion scripts for shells.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct CompletionOptions {
  std::string shell;
};

void add_to(CLI::App& app, CompletionOptions& options);
[[nodiscard]] int run(const CompletionOptions& options, Context& context);

}  // namespace skald::cli
