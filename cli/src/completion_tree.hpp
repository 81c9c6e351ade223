// What a shell may complete, read from the parser: verbs, options, and what kind of value follows.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace skald::cli {

enum class Completed {
  nothing,  ///< No value follows, or none that could be guessed.
  text,     ///< A value follows that cannot be guessed.
  file,
  saga,  ///< The id of a saga.
  choice,
};

struct CompletedOption {
  std::vector<std::string> names;  ///< `-i`, `--input`.
  std::string help;
  Completed value = Completed::nothing;
  std::vector<std::string> choices;  ///< Of a choice.
};

struct CompletedVerb {
  std::vector<std::string> names;  ///< Its name, then its aliases.
  std::string path;                ///< `definition/lint`; empty: no verb yet.
  std::string help;
  std::vector<CompletedOption> options;
  Completed argument = Completed::nothing;  ///< What stands behind it without an option.
  std::vector<std::string> choices;         ///< Of that argument.
  std::vector<CompletedVerb> verbs;         ///< That may follow.
};

/// The whole command line. The options of `app` itself go with every verb.
[[nodiscard]] CompletedVerb completion_tree(const CLI::App& app);

}  // namespace skald::cli
