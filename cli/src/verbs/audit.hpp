// `skald audit`: folds journals again and checks them against rows, definition and rules.
#pragma once

#include <string>
#include <vector>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct AuditOptions {
  std::vector<std::string> ids;  ///< None: every saga.
  FormatOption format;
};

void add_to(CLI::App& app, AuditOptions& options);
[[nodiscard]] int run(const AuditOptions& options, Context& context);

}  // namespace skald::cli
