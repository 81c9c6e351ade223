// `skald signal`: gives a saga what one of its steps waits for.
#pragma once

#include <string>

#include "change.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct SignalOptions {
  ChangeOptions change;
  std::string id;  ///< `-` reads ids on standard input.
  std::string name;
  std::string data;
  std::string signal_id;  ///< Empty: none.
};

void add_to(CLI::App& app, SignalOptions& options);
[[nodiscard]] int run(const SignalOptions& options, Context& context);

}  // namespace skald::cli
