// `skald audit`: folds journals again and checks them against rows, definition and rules.
#pragma once

#include "output/format.hpp"
#include "selection.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct AuditOptions {
  SelectionOptions selection;  ///< Neither ids nor a filter: every saga.
  FormatOption format;
};

void add_to(CLI::App& app, AuditOptions& options);
[[nodiscard]] int run(const AuditOptions& options, Context& context);

}  // namespace skald::cli
