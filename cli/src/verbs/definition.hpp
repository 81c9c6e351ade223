// `skald definition lint|list|show`: definitions in files and in the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct DefinitionOptions {
  enum class Action { lint, list, show, drop };
  Action action = Action::list;
  std::vector<std::string> files;  ///< Of lint.
  std::string against;             ///< Of lint: a store whose sagas are compared; empty: none.
  std::string type;                ///< Of show and drop.
  std::uint32_t version = 0;       ///< Of show, where 0 is the newest, and of drop.
  FormatOption format;
};

void add_to(CLI::App& app, DefinitionOptions& options);
[[nodiscard]] int run(const DefinitionOptions& options, Context& context);

}  // namespace skald::cli
