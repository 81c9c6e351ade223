#include "verbs/completion.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "completion_scripts.hpp"
#include "completion_tree.hpp"
#include "context.hpp"
#include "exit_code.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {

void add_to(CLI::App& app, CompletionOptions& options) {
  options.app = &app;
  CLI::App& verb = add_verb(app, "completion", "Prints a completion script for a shell",
                            "completion bash > ~/.local/share/bash-completion/completions/skald");
  verb.add_option("shell", options.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
}

int run(const CompletionOptions& options, Context& context) {
  const CompletedVerb root = completion_tree(*options.app);
  context.out << (options.shell == "fish"  ? fish_completion(root)
                  : options.shell == "zsh" ? zsh_completion(root)
                                           : bash_completion(root));
  return exit_done;
}

}  // namespace skald::cli
