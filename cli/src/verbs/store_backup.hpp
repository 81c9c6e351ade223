// `skald store backup`: a copy of the store, made by the engine that works on it, or without one.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct BackupOptions {
  std::string target;
  bool at_once = false;
};

/// The subcommand of `store`.
[[nodiscard]] CLI::App& add_backup(CLI::App& store, BackupOptions& options);
[[nodiscard]] int run(const BackupOptions& options, Context& context);

}  // namespace skald::cli
