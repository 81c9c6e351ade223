#include "completion_scripts.hpp"

#include <fmt/format.h>

#include <functional>

namespace skald::cli {
namespace {

constexpr const char* some_ids = "skald list -o ids --limit 50 2>/dev/null";

void each_verb(const CompletedVerb& verb, const std::function<void(const CompletedVerb&)>& visit) {
  visit(verb);
  for (const CompletedVerb& sub : verb.verbs) each_verb(sub, visit);
}

std::vector<std::string> verb_names(const std::vector<CompletedVerb>& verbs) {
  std::vector<std::string> names;
  for (const CompletedVerb& verb : verbs) {
    names.insert(names.end(), verb.names.begin(), verb.names.end());
  }
  return names;
}

std::vector<std::string> all_option_names(const CompletedVerb& verb) {
  std::vector<std::string> names;
  for (const CompletedOption& option : verb.options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

// In single quotes, for bash and for fish, which knows `\'` inside of them.
std::string quoted(const std::string& text, const char* quote_inside) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? quote_inside : std::string(1, c);
  return out + "'";
}

// How the words so far lead from one verb to the next: `/definition) verb=definition ;;`.
std::string bash_steps(const CompletedVerb& root) {
  std::string lines;
  each_verb(root, [&](const CompletedVerb& verb) {
    for (const CompletedVerb& sub : verb.verbs) {
      for (const std::string& name : sub.names) {
        lines += fmt::format("      {}:{}) verb={} ;;\n", verb.path, name, sub.path);
      }
    }
  });
  return lines;
}

std::string bash_reply(Completed kind, const std::vector<std::string>& choices) {
  switch (kind) {
    case Completed::nothing:
    case Completed::text: return "COMPREPLY=()";
    case Completed::file: return R"(COMPREPLY=($(compgen -f -- "$word")))";
    case Completed::saga:
      return fmt::format(R"sh(COMPREPLY=($(compgen -W "$({})" -- "$word")))sh", some_ids);
    case Completed::choice: break;
  }
  return fmt::format(R"(COMPREPLY=($(compgen -W '{}' -- "$word")))", fmt::join(choices, " "));
}

// What the option before the word asks for.
std::string bash_values(const CompletedVerb& root) {
  std::string lines;
  each_verb(root, [&](const CompletedVerb& verb) {
    for (const CompletedOption& option : verb.options) {
      if (option.value == Completed::nothing) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back((verb.path.empty() ? "*" : verb.path) + ":" + name);
      }
      lines += fmt::format("    {}) {}; return ;;\n", fmt::join(patterns, "|"),
                           bash_reply(option.value, option.choices));
    }
  });
  return lines;
}

std::string bash_options(const CompletedVerb& root) {
  std::string lines;
  each_verb(root, [&](const CompletedVerb& verb) {
    if (verb.path.empty()) return;
    lines +=
        fmt::format("      {}) words='{}' ;;\n", verb.path, fmt::join(all_option_names(verb), " "));
  });
  return lines;
}

std::string bash_arguments(const CompletedVerb& root) {
  std::string lines;
  each_verb(root, [&](const CompletedVerb& verb) {
    const std::vector<std::string> names = verb_names(verb.verbs);
    const std::string reply = names.empty() ? bash_reply(verb.argument, verb.choices)
                                            : bash_reply(Completed::choice, names);
    lines += fmt::format("    {}) {} ;;\n", verb.path.empty() ? "''" : verb.path, reply);
  });
  return lines;
}

std::string fish_value(const CompletedOption& option) {
  switch (option.value) {
    case Completed::nothing: return "";
    case Completed::text: return " -x";
    case Completed::file: return " -r -F";
    case Completed::saga: return fmt::format(" -x -a '({})'", some_ids);
    case Completed::choice: break;
  }
  return fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
}

std::string fish_option(const CompletedOption& option, const std::string& where) {
  std::string line = "complete -c skald" + where;
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return line + fish_value(option) + " -d " + quoted(option.help, "\\'") + "\n";
}

std::string fish_argument(const CompletedVerb& verb, const std::string& where) {
  switch (verb.argument) {
    case Completed::nothing:
    case Completed::text: return "";
    case Completed::file: return fmt::format("complete -c skald{} -F\n", where);
    case Completed::saga: return fmt::format("complete -c skald{} -a '({})'\n", where, some_ids);
    case Completed::choice: break;
  }
  return fmt::format("complete -c skald{} -a '{}'\n", where, fmt::join(verb.choices, " "));
}

std::string fish_verb(const CompletedVerb& verb) {
  const std::string where = fmt::format(" -n '__skald_at \"{}\"'", verb.path);
  std::string lines;
  for (const CompletedVerb& sub : verb.verbs) {
    for (const std::string& name : sub.names) {
      lines +=
          fmt::format("complete -c skald{} -a {} -d {}\n", where, name, quoted(sub.help, "\\'"));
    }
  }
  for (const CompletedOption& option : verb.options) {
    lines += fish_option(option, verb.path.empty() ? "" : where);
  }
  return lines + fish_argument(verb, where);
}

}  // namespace

std::string bash_completion(const CompletedVerb& root) {
  return fmt::format(R"sh(# skald: completion for bash, written by `skald completion`.
_skald() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD - 1]}}"
  local verb='' words='' i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$verb:${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$verb:$before" in
{}  esac
  if [[ "$word" == -* ]]; then
    case "$verb" in
{}    esac
    COMPREPLY=($(compgen -W "$words {}" -- "$word"))
    return
  fi
  case "$verb" in
{}  esac
}}
complete -F _skald skald
)sh",
                     bash_steps(root), bash_values(root), bash_options(root),
                     fmt::join(all_option_names(root), " "), bash_arguments(root));
}

std::string zsh_completion(const CompletedVerb& root) {
  return "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" +
         bash_completion(root);
}

std::string fish_completion(const CompletedVerb& root) {
  std::string steps;
  std::string lines;
  each_verb(root, [&](const CompletedVerb& verb) {
    for (const CompletedVerb& sub : verb.verbs) {
      for (const std::string& name : sub.names) {
        steps +=
            fmt::format("      case '{}:{}'\n        set verb {}\n", verb.path, name, sub.path);
      }
    }
    lines += fish_verb(verb);
  });
  return fmt::format(R"sh(# skald: completion for fish, written by `skald completion`.
function __skald_at
  set -l verb ''
  for word in (commandline -opc)[2..-1]
    switch "$verb:$word"
{}    end
  end
  test "$verb" = "$argv[1]"
end
complete -c skald -f
{})sh",
                     steps, lines);
}

}  // namespace skald::cli
