// `skald quarantine list|show|drop`: messages that could not be used.
#pragma once

#include <cstdint>
#include <vector>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct QuarantineOptions {
  enum class Action { list, show, drop };
  Action action = Action::list;
  std::vector<std::int64_t> numbers;  ///< Of show (one) and drop.
  std::size_t limit = 0;              ///< Of list; 0: all.
  bool yes = false;
  FormatOption format;
};

void add_to(CLI::App& app, QuarantineOptions& options);
[[nodiscard]] int run(const QuarantineOptions& options, Context& context);

}  // namespace skald::cli
