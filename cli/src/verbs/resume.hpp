// `skald resume`: a paused or stuck saga goes on.
#pragma once

#include <string>

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct ResumeOptions {
  ChangeOptions change;
  std::string step;
  std::string input_patch;
};

void add_to(CLI::App& app, ResumeOptions& options);
[[nodiscard]] int run(const ResumeOptions& options, Context& context);

}  // namespace skald::cli
