// `skald store info|check|backup|purge`: the file itself.
#pragma once

#include <string>

#include "output/format.hpp"
#include "verbs/store_backup.hpp"
#include "verbs/store_purge.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct StoreOptions {
  enum class Action { info, check, backup, purge };
  Action action = Action::info;
  BackupOptions backup;
  PurgeOptions purge;
  FormatOption format;
};

void add_to(CLI::App& app, StoreOptions& options);
[[nodiscard]] int run(const StoreOptions& options, Context& context);

}  // namespace skald::cli
