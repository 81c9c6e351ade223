// `skald quarantine list|show|requeue|drop`: messages that could not be used.
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
  enum class Action { list, show, requeue, drop };
  Action action = Action::list;
  std::string number;               ///< Of show.
  std::vector<std::string> chosen;  ///< Of requeue and drop: numbers; `-` reads them from stdin.
  std::string reason;               ///< Of list: those of this reason; empty: all.
  std::string saga;                 ///< Of list: those that name this saga; empty: all.
  std::size_t limit = 0;            ///< Of list; 0: all.
  bool yes = false;
  bool dry_run = false;
  std::string rate;  ///< Of requeue, as for other changes to many.
  FormatOption format;
};

void add_to(CLI::App& app, QuarantineOptions& options);
[[nodiscard]] int run(const QuarantineOptions& options, Context& context);

}  // namespace skald::cli
