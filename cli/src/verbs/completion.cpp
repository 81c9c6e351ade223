#include "verbs/completion.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "verbs/verb.hpp"

namespace skald::cli {
namespace {

constexpr const char* bash_script = R"sh(_skald() {
  local word="${COMP_WORDS[COMP_CWORD]}" verbs options
  verbs="run start list count show why history timeline watch wait resume retry skip cancel
    compensate pause signal abandon replay audit participants quarantine definition store
    completion"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "$verbs --help --version" -- "$word"))
  elif [[ "$word" == -* ]]; then
    options=$(skald "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)
    COMPREPLY=($(compgen -W "$options --store --color --time --quiet" -- "$word"))
  else
    case "${COMP_WORDS[1]}" in
      start|run|definition|store) COMPREPLY=($(compgen -f -- "$word")) ;;
      *) COMPREPLY=($(compgen -W "$(skald list -o ids --limit 50 2>/dev/null)" -- "$word")) ;
;
esac fi
}
complete -F _skald skald
)sh";

constexpr const char* fish_script =
    R"sh(set -l verbs run start list count show why history timeline \
  watch wait resume retry skip cancel compensate pause signal abandon replay audit participants \
  quarantine definition store completion
complete -c skald -f -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c skald -n "__fish_seen_subcommand_from start run definition store" -F
complete -c skald -f -n "__fish_seen_subcommand_from show why history timeline watch wait resume \
  retry skip cancel compensate pause signal abandon replay audit" \
  -a "(skald list -o ids --limit 50 2>/dev/null)"
complete -c skald -s s -l store -r -F
)sh";

}  // namespace

void add_to(CLI::App& app, CompletionOptions& options) {
  CLI::App& verb = add_verb(app, "completion", "Prints a completion script for a shell",
                            "completion bash > ~/.local/share/bash-completion/completions/skald");
  verb.add_option("shell", options.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
}

int run(const CompletionOptions& options, Context& context) {
  if (options.shell == "fish") {
    context.out << fish_script;
    return exit_done;
  }
  // zsh runs bash completions through its own bridge.
  if (options.shell == "zsh") {
    context.out << "autoload -U +X compinit && compinit\n"
                   "autoload -U +X bashcompinit && bashcompinit\n";
  }
  context.out << bash_script;
  return exit_done;
}

}  // namespace skald::cli
