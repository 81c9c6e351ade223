// `skald start`: starts a saga.
#pragma once

#include <cstdint>
#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct StartOptions {
  std::string what;  ///< A type, or the file of a definition.
  std::string input;
  std::string key;
  std::string delay;
  std::string at;
  int priority = -1;          ///< Negative: the definition's.
  std::uint32_t version = 0;  ///< Of the type; 0: the newest.
  std::string reason;
  bool wait = false;
  std::string timeout;
  FormatOption format;
};

void add_to(CLI::App& app, StartOptions& options);
[[nodiscard]] int run(const StartOptions& options, Context& context);

}  // namespace skald::cli
