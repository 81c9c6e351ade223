// `skald store purge`: takes old sagas that have ended out of the store.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct PurgeOptions {
  std::string older_than;
  bool yes = false;
  bool dry_run = false;
  bool keep_space = false;
  FormatOption format;
};

/// The subcommand of `store`.
[[nodiscard]] CLI::App& add_purge(CLI::App& store, PurgeOptions& options);
[[nodiscard]] int run(const PurgeOptions& options, Context& context);

}  // namespace skald::cli
