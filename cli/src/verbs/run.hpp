// `skald run`: the engine in the foreground.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct RunOptions {
  std::vector<std::string> definitions;
  std::string config;
  bool core_dumps = false;
  bool take_over_channel = false;
  std::string chaos;
};

void add_to(CLI::App& app, RunOptions& options);
[[nodiscard]] int run(const RunOptions& options, Context& context);

}  // namespace skald::cli
