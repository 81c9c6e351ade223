#include "completion_tree.hpp"

#include <CLI/CLI.hpp>
#include <string_view>

namespace skald::cli {
namespace {

// Of `FORMAT:{table,json}`, as the parser describes a value with a list of what it may be.
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> choices;
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(type.find(',', at), end);
    choices.push_back(type.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

Completed kind_of(const std::string& type) {
  const std::string_view name = std::string_view(type).substr(0, type.find(':'));
  if (name == "FILE" || name == "TYPE|FILE" || name == "FILES") return Completed::file;
  if (name == "ID") return Completed::saga;
  return Completed::text;
}

CompletedOption option_of(const CLI::Option& option) {
  CompletedOption read;
  for (const std::string& name : option.get_snames()) read.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) read.names.push_back("--" + name);
  read.help = option.get_description();
  if (option.get_items_expected_max() == 0) return read;
  read.choices = choices_in(option.get_type_name());
  read.value = read.choices.empty() ? kind_of(option.get_type_name()) : Completed::choice;
  return read;
}

CompletedVerb verb_of(const CLI::App& app, const std::string& path) {
  CompletedVerb verb;
  verb.path = path;
  verb.help = app.get_description();
  if (!path.empty()) {
    verb.names.push_back(app.get_name());
    for (const std::string& alias : app.get_aliases()) verb.names.push_back(alias);
  }
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) {
      verb.options.push_back(option_of(*option));
    } else if (verb.argument == Completed::nothing) {
      verb.choices = choices_in(option->get_type_name());
      verb.argument = verb.choices.empty() ? kind_of(option->get_type_name()) : Completed::choice;
    }
  }
  for (const CLI::App* sub : app.get_subcommands({})) {
    if (sub->get_name().empty()) continue;  // A group of options.
    verb.verbs.push_back(
        verb_of(*sub, path.empty() ? sub->get_name() : path + "/" + sub->get_name()));
  }
  return verb;
}

}  // namespace

CompletedVerb completion_tree(const CLI::App& app) { return verb_of(app, ""); }

}  // namespace skald::cli
