// The command line as a whole: every verb, and what an error becomes.
#pragma once

#include <string>
#include <vector>

#include "context.hpp"

namespace skald::cli {

/// Carries out one command line (without the program's name) and answers the exit code. Errors
/// become one sentence on `context.err`; nothing that Skald throws comes out.
[[nodiscard]] int run_command_line(const std::vector<std::string>& arguments, Context& context);

}  // namespace skald::cli
