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
  enum class Action { lint, list, show };
  Action action = Action::list;
  std::vector<std::string> files;  ///< Of lint.
  std::string against;             ///< Of lint: a store whose sagas are compared; empty: none.
  std::string type;                ///< Of show.
  std::uint32_t version = 0;       ///< Of show; 0: the newest.
  FormatOption format;
};

void add_to(CLI::App& app, DefinitionOptions& options);
[[nodiscard]] int run(const DefinitionOptions& options, Context& context);

}  // namespace skald::cli
