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
  const CLI::App* app = nullptr;  ///< The whole parser, which scripts are written from.
};

void add_to(CLI::App& app, CompletionOptions& options);
[[nodiscard]] int run(const CompletionOptions& options, Context& context);

}  // namespace skald::cli
