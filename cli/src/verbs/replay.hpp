// `skald replay`: runs a failed transaction again, as a new saga.
#pragma once

#include <cstdint>
#include <string>

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct ReplayOptions {
  ChangeOptions change;
  std::string from_step;
  std::string input_patch;
  std::uint32_t definition = 0;  ///< Version to run; 0: the one it ran with.
  bool force = false;
};

void add_to(CLI::App& app, ReplayOptions& options);
[[nodiscard]] int run(const ReplayOptions& options, Context& context);

}  // namespace skald::cli
