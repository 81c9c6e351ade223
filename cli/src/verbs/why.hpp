// `skald why`: one sentence on what a saga waits for.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct WhyOptions {
  std::string id;
  FormatOption format;
};

void add_to(CLI::App& app, WhyOptions& options);
[[nodiscard]] int run(const WhyOptions& options, Context& context);

}  // namespace skald::cli
