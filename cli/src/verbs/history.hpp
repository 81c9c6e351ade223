// `skald history`: the journal of a saga.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct HistoryOptions {
  std::string id;
  FormatOption format;
};

void add_to(CLI::App& app, HistoryOptions& options);
[[nodiscard]] int run(const HistoryOptions& options, Context& context);

}  // namespace skald::cli
