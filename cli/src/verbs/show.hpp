// `skald show`: one saga, with all its steps.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct ShowOptions {
  std::string id;
  FormatOption format;
};

void add_to(CLI::App& app, ShowOptions& options);
[[nodiscard]] int run(const ShowOptions& options, Context& context);

}  // namespace skald::cli
