// `skald participants`: the services that carry out steps, and the policies that hold for them.
#pragma once

#include <string>

#include "output/format.hpp"

namespace CLI {
class App;
}

namespace skald::cli {

struct Context;

struct ParticipantsOptions {
  std::string config;
  FormatOption format;
  std::string set;      ///< The participant whose breaker is set; empty: none, they are listed.
  std::string breaker;  ///< `closed` or `open`.
  std::string lasting;  ///< A duration; empty: it goes on by itself from there.
  std::string reason;
};

void add_to(CLI::App& app, ParticipantsOptions& options);
[[nodiscard]] int run(const ParticipantsOptions& options, Context& context);

}  // namespace skald::cli
