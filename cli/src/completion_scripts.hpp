// Completion scripts for shells, written from what the parser knows.
#pragma once

#include <string>

#include "completion_tree.hpp"

namespace skald::cli {

[[nodiscard]] std::string bash_completion(const CompletedVerb& root);
/// Behind zsh's bridge for the completions of bash.
[[nodiscard]] std::string zsh_completion(const CompletedVerb& root);
[[nodiscard]] std::string fish_completion(const CompletedVerb& root);

}  // namespace skald::cli
