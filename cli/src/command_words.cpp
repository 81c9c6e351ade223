#include "command_words.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <string_view>

#include "output/text.hpp"
#include "skald/did_you_mean.hpp"
#include "skald/error.hpp"

namespace skald::cli {
namespace {

std::string hint(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view best = nearest(word, known);
  return best.empty() ? std::string() : fmt::format("; did you mean {}?", best);
}

class Words {
 public:
  explicit Words(CLI::App& app) { verbs_.push_back(&app); }

  void check(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& word = arguments[i];
      if (word == "--") return;
      const CLI::Option* option = nullptr;
      if (word.starts_with("--")) {
        option = long_option(word);
      } else if (word.size() > 1 && word.front() == '-') {
        option = find(word.substr(0, 2));
        if (word.size() > 2) continue;  // Its value, or more flags, are in the same word.
      } else {
        enter_verb(word);
      }
      // The next word is its value, whatever it looks like.
      const bool has_value = word.find('=') != std::string::npos;
      if (option && option->get_items_expected_min() > 0 && !has_value) ++i;
    }
  }

 private:
  [[nodiscard]] const CLI::Option* find(const std::string& name) const {
    for (auto verb = verbs_.rbegin(); verb != verbs_.rend(); ++verb) {
      if (const CLI::Option* option = (*verb)->get_option_no_throw(name)) return option;
    }
    return nullptr;
  }

  [[nodiscard]] const CLI::Option* long_option(const std::string& word) const {
    const std::string name = word.substr(0, word.find('='));
    const CLI::Option* option = find(name);
    if (!option) refuse("option", name, option_names());
    if (name.size() + 1 == word.size()) {
      throw Refused(Refused::Code::invalid,
                    name + ": is empty; give a value, or leave the option out");
    }
    return option;
  }

  // Only a verb that has verbs of its own looks for one; to all others a word is an argument.
  void enter_verb(const std::string& word) {
    const auto nested = verbs_.back()->get_subcommands(nullptr);
    if (nested.empty()) return;
    std::vector<std::string_view> known;
    for (CLI::App* verb : nested) {
      known.push_back(verb->get_name());
      for (const std::string& alias : verb->get_aliases()) known.push_back(alias);
      if (!verb->check_name(word)) continue;
      verbs_.push_back(verb);
      return;
    }
    refuse("verb", word, known);
  }

  [[noreturn]] void refuse(const char* kind, const std::string& word,
                           const std::vector<std::string_view>& known) const {
    std::string verb;
    for (std::size_t i = 1; i < verbs_.size(); ++i) verb += verbs_[i]->get_name() + " ";
    throw Refused(
        Refused::Code::invalid,
        fmt::format("{} no {} {}{}; see skald {}--help", verb.empty() ? "there is" : verb + "has",
                    kind, printable(word), hint(word, known), verb));
  }

  [[nodiscard]] std::vector<std::string_view> option_names() const {
    std::vector<std::string_view> names;
    for (CLI::App* verb : verbs_) {
      for (const CLI::Option* option : verb->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          names.push_back(texts_.emplace_back("--" + name));
        }
      }
    }
    return names;
  }

  std::vector<CLI::App*> verbs_;  ///< The program, the verb, the verb's verb.
  mutable std::deque<std::string> texts_;
};

}  // namespace

void check_words(const std::vector<std::string>& arguments, CLI::App& app) {
  Words(app).check(arguments);
}

}  // namespace skald::cli
